import CLinux
import Glibc

/// What is being done with the output of a child at this moment, in memory that outlives the supervisor.
///
/// A pipe gives each byte once. Were the supervisor killed between reading and writing, the bytes in its hands would
/// be gone; so it reads into a shared mapping of a file, and says there first whose bytes these are. The next
/// supervisor finds the step that was not finished, undoes the half of it that reached the log, and does it again.
final class LogLedger {
    static let capacity = 64 << 10
    private static let headerSize = 4096
    private static let nameOffset = 256
    private static let nameCapacity = 256

    /// One step: a read from a pipe with all that follows, or the end of a pipe.
    struct Step {
        let pipe: String
        /// Bytes in `buffer`; 0 when the pipe ended and only an unfinished line is left.
        let count: Int
        let wall: Int64
        let style: LineStyle
        /// How much of the buffer is in the log for good; `nil`: not even the rest that was kept before.
        let consumed: Int?
        /// Which of the pipe's kept rests was current before the step.
        let generation: UInt64
        /// The size of the log before the write, if it came to that.
        let sizeBefore: Int64?
    }

    private enum Stage {
        static let idle: UInt32 = 0
        static let reading: UInt32 = 1
        static let writing: UInt32 = 2
    }

    private struct Header {
        var stage: UInt32
        var count: UInt32
        /// A `LineStyle`.
        var style: UInt32
        var nameLength: UInt32
        var wall: Int64
        /// How much is in the log for good and the log's size then, in one word, so that they change together.
        var position: Position
        var generation: UInt64
        var sentinel: UInt64
    }

    private struct Position {
        private static let sizeBits: UInt64 = 47
        private let bits: UInt64

        init(consumed: Int?, size: Int64) {
            bits = UInt64(consumed.map { $0 + 1 } ?? 0) << Self.sizeBits | UInt64(max(size, 0))
        }

        var consumed: Int? { bits >> Self.sizeBits == 0 ? nil : Int(bits >> Self.sizeBits) - 1 }
        var size: Int64 { Int64(bits & (1 << Self.sizeBits - 1)) }
    }

    private let base: UnsafeMutableRawPointer
    private let header: UnsafeMutablePointer<Header>
    let buffer: UnsafeMutableRawBufferPointer
    /// Why steps are not kept over a crash; `nil` when they are.
    let trouble: SystemError?
    private var sentinel: UInt64

    init(path: String) {
        let size = Self.headerSize + Self.capacity
        var mapped: UnsafeMutableRawPointer?
        do throws(SystemError) {
            mapped = try Self.map(path, size)
            trouble = nil
        } catch { trouble = error }
        base = mapped ?? .allocate(byteCount: size, alignment: 4096)
        if mapped == nil { base.initializeMemory(as: UInt8.self, repeating: 0, count: size) }
        header = base.assumingMemoryBound(to: Header.self)
        buffer = UnsafeMutableRawBufferPointer(start: base + Self.headerSize, count: Self.capacity)
        sentinel = 0
        linux_random(&sentinel, MemoryLayout<UInt64>.size)
        // No text has such bytes (RFC 3629): not even one of them can be mistaken for what was read.
        sentinel |= 0xF8F8_F8F8_F8F8_F8F8
    }

    private static func map(_ path: String, _ size: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("opening '\(path)'") }
        defer { close(descriptor) }
        // Space is taken now: a mapped page without any would be a SIGBUS later.
        let error = posix_fallocate(descriptor, 0, off_t(size))
        guard error == 0 else { throw SystemError("reserving room for '\(path)'", error) }
        guard let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
        else { throw SystemError("mapping '\(path)'") }
        return mapped
    }

    /// A read of `count` bytes is about to happen; 0: the pipe ended.
    func begin(_ pipe: LogPipe, count: Int, wall: Int64, style: LineStyle) {
        let name = pipe.name.utf8.prefix(Self.nameCapacity)
        UnsafeMutableRawBufferPointer(start: base + Self.nameOffset, count: Self.nameCapacity).copyBytes(from: name)
        buffer.storeBytes(of: sentinel, as: UInt64.self)
        header.pointee = Header(
            stage: Stage.reading, count: UInt32(count), style: style.rawValue, nameLength: UInt32(name.count),
            wall: wall, position: Position(consumed: nil, size: 0), generation: pipe.rest.generation, sentinel: sentinel
        )
    }

    /// The read gave fewer bytes than there were.
    func shorten(to count: Int) { header.pointee.count = UInt32(count) }

    /// The log is about to grow; what was before this is whole.
    func willWrite(at size: Int64) {
        guard header.pointee.stage != Stage.idle else { return }
        header.pointee.position = Position(consumed: header.pointee.position.consumed, size: size)
        header.pointee.stage = Stage.writing
    }

    /// The first `consumed` bytes are where they belong, and more follows; `size` is the log's now.
    func advance(to consumed: Int, size: Int64) {
        header.pointee.position = Position(consumed: consumed, size: size)
    }

    func done() { header.pointee.stage = Stage.idle }

    /// The step in which an earlier supervisor died. Bytes it had read are in `buffer`.
    var unfinished: Step? {
        let found = header.pointee
        guard found.stage == Stage.reading || found.stage == Stage.writing, Int(found.count) <= Self.capacity,
            Int(found.nameLength) <= Self.nameCapacity
        else { return nil }
        if found.stage == Stage.reading, found.count > 0 {
            let checked = min(Int(found.count), MemoryLayout<UInt64>.size)
            let isUntouched = withUnsafeBytes(of: found.sentinel) { expected in
                (0..<checked).allSatisfy { buffer[$0] == expected[$0] }
            }
            // It died before the read: the bytes are still in the pipe.
            if isUntouched { return nil }
        }
        let name = UnsafeRawBufferPointer(start: base + Self.nameOffset, count: Int(found.nameLength))
        return Step(
            pipe: String(decoding: name, as: UTF8.self), count: Int(found.count), wall: found.wall,
            style: LineStyle(rawValue: found.style) ?? .stamped,
            consumed: found.position.consumed.map { min($0, Int(found.count)) }, generation: found.generation,
            sizeBefore: found.stage == Stage.writing ? found.position.size : nil)
    }
}
