import CLinux
import Glibc

/// The unfinished line of a pipe, kept in a file beside it so that it outlives the supervisor.
///
/// Two places take turns, so that the rest before a step is there until the step is done.
struct LogRest {
    private static let place = 128 << 10
    private static let prefix = 16

    let path: String
    private(set) var generation: UInt64 = 0
    private var isEmpty = true
    private var descriptor: Int32 = -1

    init(path: String) { self.path = path }

    func close() { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Keeps another rest; one that cannot be written is only in memory.
    mutating func keep(_ bytes: [UInt8]) {
        if bytes.isEmpty, isEmpty { return }
        if descriptor < 0 {
            descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { return }
        }
        generation += 1
        isEmpty = bytes.isEmpty
        var head = (generation, UInt64(bytes.count))
        let start = off_t(generation & 1) * off_t(Self.place)
        bytes.withUnsafeBytes { bytes in
            withUnsafeMutableBytes(of: &head) { head in
                var parts = [
                    iovec(iov_base: head.baseAddress, iov_len: Self.prefix),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count),
                ]
                _ = linux_pwritev(descriptor, &parts, 2, start)
            }
        }
    }

    /// What an earlier supervisor kept: of the given generation, or the newest.
    mutating func load(_ wanted: UInt64? = nil) -> [UInt8] {
        if descriptor < 0 { descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) }
        guard descriptor >= 0 else { return [] }
        var found: (generation: UInt64, bytes: [UInt8]) = (0, [])
        for place in [0, 1] {
            var head: (UInt64, UInt64) = (0, 0)
            let start = off_t(place * Self.place)
            guard pread(descriptor, &head, Self.prefix, start) == Self.prefix,
                head.1 <= UInt64(Self.place - Self.prefix),
                wanted.map({ $0 == head.0 }) ?? (head.0 > found.generation)
            else { continue }
            var bytes = [UInt8](repeating: 0, count: Int(head.1))
            guard pread(descriptor, &bytes, bytes.count, start + off_t(Self.prefix)) == bytes.count else { continue }
            found = (head.0, bytes)
        }
        generation = max(found.generation, wanted ?? 0)
        isEmpty = found.bytes.isEmpty
        return found.bytes
    }
}
