import CLinux
import Glibc

/// The last lines of a captured log, across rotations.
enum LogTail {
    private static let blockSize = 64 << 10
    /// How far back at most it looks in one file.
    private static let reach = 4 << 20

    static func lines(_ count: Int, in directory: String) -> [String] {
        guard count > 0 else { return [] }
        var lines = last(count, of: "\(directory)/current")
        guard lines.count < count else { return lines }
        for name in LogFile.rotated(in: directory).reversed() {
            lines = last(count - lines.count, of: "\(directory)/\(name)") + lines
            if lines.count >= count { break }
        }
        return lines
    }

    /// The last lines of one file; none when it cannot be read.
    static func last(_ count: Int, of path: String) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var start = Int(lseek(descriptor, 0, SEEK_END))
        let floor = max(0, start - reach)
        var tail: [UInt8] = []
        var newlines = 0
        while start > floor, newlines <= count {
            let size = min(blockSize, start - floor)
            start -= size
            var block = [UInt8](repeating: 0, count: size)
            guard pread(descriptor, &block, size, off_t(start)) == size else { break }
            newlines += block.lazy.filter { $0 == 0x0A }.count
            tail = block + tail
        }
        if tail.last == 0x0A { tail.removeLast() }
        guard !tail.isEmpty else { return [] }
        return tail.split(separator: 0x0A, omittingEmptySubsequences: false).suffix(count)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
