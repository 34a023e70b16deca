import CLinux
import Control
import CoreTypes
import Glibc

/// Lines that wait on disk for a reader: one endless file, of which a window is kept, in segments named by the offset
/// at which they begin. A position is an offset into it and never changes its meaning.
///
/// What was written outlives the supervisor, but is not synced: it need not outlive the machine.
final class LogSpool {
    /// A segment is deleted whole; so many make up the limit.
    private static let segments: Int64 = 16
    private static let suffix = ".jsonl"
    private static let positionName = "position"

    let directory: String
    private(set) var limit: Int64
    /// Where the segments begin, ascending.
    private var starts: [Int64] = []
    private(set) var end: Int64 = 0
    private var writer: Int32 = -1
    private var reader: (start: Int64, descriptor: Int32)?
    private var position: Int32 = -1

    /// Opens what an earlier supervisor left. A line that it was writing when it died is taken off.
    init(directory: String, limit: Int64) throws(SystemError) {
        self.directory = directory
        self.limit = limit
        try Files.makeDirectory(directory, mode: 0o700)
        let path = "\(directory)/\(Self.positionName)"
        position = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard position >= 0 else { throw SystemError("opening '\(path)'") }
        starts = Files.names(in: directory)
            .compactMap { $0.hasSuffix(Self.suffix) ? Int64($0.dropLast(Self.suffix.count)) : nil }
            .filter { $0 >= 0 }.sorted()
        end = savedPosition
        guard let last = starts.last else { return }
        do throws(SystemError) { try openLast(last) } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    private func close() {
        for descriptor in [writer, position, reader?.descriptor ?? -1] where descriptor >= 0 {
            Glibc.close(descriptor)
        }
        writer = -1
        position = -1
        reader = nil
    }

    private func openLast(_ start: Int64) throws(SystemError) {
        writer = open(path(start), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        guard writer >= 0 else { throw SystemError("opening '\(path(start))'") }
        let size = Int64(lseek(writer, 0, SEEK_END))
        let whole = Self.lineStart(in: writer, before: size)
        if whole < size { ftruncate(writer, off_t(whole)) }
        end = start + whole
    }

    private func path(_ start: Int64) -> String {
        let digits = String(start)
        return "\(directory)/\(String(repeating: "0", count: max(0, 19 - digits.utf8.count)))\(digits)\(Self.suffix)"
    }

    /// The oldest offset that is still there.
    var first: Int64 { starts.first ?? end }

    func resize(to limit: Int64) { self.limit = limit }

    // MARK: Writing

    /// What had to make room without having been read.
    struct Dropped {
        var lines = 0
        /// The rest of the line in the middle of which the reader is.
        var rest: [UInt8] = []
    }

    /// Adds whole lines; the oldest make room. Either all of them are there, or none. `unread`: where the reader is.
    func append(_ bytes: UnsafeRawBufferPointer, unread: Int64) throws(SystemError) -> Dropped {
        if starts.last.map({ end - $0 >= max(limit / Self.segments, 1) }) ?? true { try begin() }
        let before = end - (starts.last ?? end)
        var written = 0
        while written < bytes.count {
            let count = write(writer, bytes.baseAddress! + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                let error = SystemError("writing '\(path(starts.last ?? end))'")
                ftruncate(writer, off_t(before))
                throw error
            }
            written += count
        }
        end += Int64(bytes.count)
        var dropped = Dropped()
        while end - first > limit, starts.count > 1 { dropFirst(unread: unread, &dropped) }
        return dropped
    }

    private func begin() throws(SystemError) {
        let fresh = open(path(end), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fresh >= 0 else { throw SystemError("opening '\(path(end))'") }
        if writer >= 0 { Glibc.close(writer) }
        writer = fresh
        if starts.last != end { starts.append(end) }
    }

    /// Deletes the oldest segment.
    private func dropFirst(unread: Int64, _ dropped: inout Dropped) {
        let start = starts.removeFirst()
        if unread < starts.first ?? end {
            let file = open(path(start), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            if file >= 0 {
                let place = max(unread - start, 0)
                dropped.lines += Self.lines(in: file, from: place)
                if place > 0, Self.lineStart(in: file, before: place) < place {
                    dropped.rest = Self.restOfLine(in: file, from: place)
                    dropped.lines -= 1
                }
                Glibc.close(file)
            }
        }
        if let reader, reader.start == start {
            Glibc.close(reader.descriptor)
            self.reader = nil
        }
        unlink(path(start))
    }

    /// What is before `offset` is needed no more.
    func discard(before offset: Int64) {
        var dropped = Dropped()
        while starts.count > 1, starts[1] <= offset { dropFirst(unread: .max, &dropped) }
    }

    // MARK: Reading

    /// The file that holds what is at `offset`, where in it that is, and how much there is.
    func source(at offset: Int64) -> (descriptor: Int32, start: off_t, count: Int)? {
        guard offset >= first, offset < end, let index = starts.lastIndex(where: { $0 <= offset }) else { return nil }
        let start = starts[index]
        let stop = index + 1 < starts.count ? starts[index + 1] : end
        if reader?.start != start {
            if let reader { Glibc.close(reader.descriptor) }
            reader = nil
            let descriptor = open(path(start), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            reader = (start, descriptor)
        }
        guard let reader else { return nil }
        return (reader.descriptor, off_t(offset - start), Int(stop - offset))
    }

    /// Where the segment after the one at `offset` begins: for when that one cannot be read.
    func nextSegment(after offset: Int64) -> Int64 { starts.first { $0 > offset } ?? end }

    /// The beginning of the line that `offset` is in.
    func lineStart(at offset: Int64) -> Int64 {
        let offset = min(max(offset, first), end)
        guard let start = starts.last(where: { $0 <= offset }), start < offset, let source = source(at: offset - 1)
        else { return offset }
        return start + Self.lineStart(in: source.descriptor, before: offset - start)
    }

    // MARK: The position

    /// How far the reader was, for the next supervisor.
    var savedPosition: Int64 {
        var value: Int64 = 0
        guard pread(position, &value, MemoryLayout<Int64>.size, 0) == MemoryLayout<Int64>.size else { return 0 }
        return max(Int64(littleEndian: value), 0)
    }

    func save(position offset: Int64) {
        var value = offset.littleEndian
        // One that cannot be written means that lines come twice after a crash.
        _ = pwrite(position, &value, MemoryLayout<Int64>.size, 0)
    }

    // MARK: Files

    private static let blockSize = 64 << 10

    /// The offset after the last newline before `offset`; 0 when there is none.
    private static func lineStart(in file: Int32, before offset: Int64) -> Int64 {
        var stop = offset
        var block = [UInt8](repeating: 0, count: blockSize)
        while stop > 0 {
            let size = min(Int64(blockSize), stop)
            guard pread(file, &block, Int(size), off_t(stop - size)) == Int(size) else { return 0 }
            let last = linux_last_line_end(block, Int(size))
            if last > 0 { return stop - size + Int64(last) }
            stop -= size
        }
        return 0
    }

    private static func restOfLine(in file: Int32, from offset: Int64) -> [UInt8] {
        var rest: [UInt8] = []
        var block = [UInt8](repeating: 0, count: blockSize)
        while true {
            let count = pread(file, &block, block.count, off_t(offset) + off_t(rest.count))
            guard count > 0 else { return rest }
            if let end = block[..<count].firstIndex(of: 0x0A) { return rest + block[...end] }
            rest += block[..<count]
        }
    }

    private static func lines(in file: Int32, from offset: Int64) -> Int {
        var lines = 0
        var start = off_t(offset)
        var block = [UInt8](repeating: 0, count: blockSize)
        while true {
            let count = pread(file, &block, block.count, start)
            guard count > 0 else { return lines }
            for byte in block[..<count] where byte == 0x0A { lines += 1 }
            start += off_t(count)
        }
    }
}
