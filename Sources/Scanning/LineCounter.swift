import Glibc

/// Turns ever later offsets into lines and columns while reading the file once.
struct LineCounter {
    private let bytes: Bytes
    private var line = 1
    private var lineStart = 0

    init(_ bytes: Bytes) { self.bytes = bytes }

    /// `offset` must not be before the one asked for last. Lines end with LF; a CR before it is part of its line.
    mutating func place(of offset: Int) -> (line: Int, column: Int) {
        while let newline = find(from: lineStart), newline < offset {
            line += 1
            lineStart = newline + 1
        }
        return (line, offset - lineStart + 1)
    }

    private func find(from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let hit = memchr(base + start, 0x0A, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }
}
