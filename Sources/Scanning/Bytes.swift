import Glibc

/// A file's content while it is scanned.
typealias Bytes = UnsafeBufferPointer<UInt8>

extension Bytes {
    /// Whether `text` stands at `start`.
    func stands(_ text: [UInt8], at start: Int) -> Bool {
        guard start >= 0, start + text.count <= count, let base = baseAddress else { return false }
        return memcmp(base + start, text, text.count) == 0
    }

    /// Where `text` stands first within `range`.
    func find(_ text: [UInt8], in range: Range<Int>) -> Int? {
        var start = range.lowerBound
        while start + text.count <= range.upperBound {
            if self[start] == text[0], stands(text, at: start) { return start }
            start += 1
        }
        return nil
    }

    func contains(_ text: [UInt8], in range: Range<Int>) -> Bool { find(text, in: range) != nil }
}
