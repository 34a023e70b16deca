import CLinux
import Glibc
import Testing

/// Stands in for systemd: receives notifications and keeps the descriptors that come with them.
final class NotifySocket {
    let path: String
    private(set) var kept: [String: Int32] = [:]
    private let descriptor: Int32
    private var received: [String] = []

    /// `isDeaf`: it takes as little as the kernel allows, and nobody reads it.
    init(_ path: String, isDeaf: Bool = false) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(result == 0)
        if isDeaf {
            var least: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &least, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        for descriptor in kept.values { close(descriptor) }
        close(descriptor)
    }

    /// What came so far is of no interest.
    func forget() {
        _ = arrived()
        received = []
    }

    /// How many messages came and were not asked for yet.
    func arrived() -> Int {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count = 0
        while recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 { count += 1 }
        return count
    }

    func wait(_ message: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait(message, sourceLocation: sourceLocation) { $0 == message }
    }

    func wait(prefix: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait(prefix, sourceLocation: sourceLocation) { $0.hasPrefix(prefix) }
    }

    @discardableResult
    func wait(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ isIt: (String) -> Bool
    ) throws -> String {
        // A sign of life that comes again and again must not make this wait for ever.
        let limit = ContinuousClock.now + .seconds(10)
        while true {
            if let index = received.firstIndex(where: isIt) {
                return received.remove(at: index)
            }
            try #require(
                ContinuousClock.now < limit, "'\(what)' did not come, only \(received)",
                sourceLocation: sourceLocation)
            var bytes = [UInt8](repeating: 0, count: 4096)
            var passed: Int32 = -1
            let count = linux_receive_notice(descriptor, &bytes, bytes.count, &passed)
            try #require(
                count > 0, "'\(what)' did not come, only \(received)", sourceLocation: sourceLocation)
            let message = String(decoding: bytes[..<count], as: UTF8.self)
            received.append(message)
            if message.hasPrefix("FDSTOREREMOVE=1"), let line = message.split(separator: "\n").last,
                let removed = kept.removeValue(forKey: String(line.dropFirst("FDNAME=".count)))
            {
                close(removed)
            }
            if passed >= 0, let line = message.split(separator: "\n").first(where: { $0.hasPrefix("FDNAME=") }) {
                let name = String(line.dropFirst("FDNAME=".count))
                if let old = kept.updateValue(passed, forKey: name) { close(old) }
            }
        }
    }
}
