/// Values that stand for a value: `changeme`, `${TOKEN}`, `<your key>`.
struct Placeholders: Sendable {
    private let anywhere: [[UInt8]]
    private let whole: [[UInt8]]
    private let prefixes: [[UInt8]]

    /// A long random text contains any short word by chance.
    private static let longest = 64

    init(_ description: RuleDescription.Placeholders) {
        anywhere = description.anywhere.map { Array($0.lowercased().utf8) }
        whole = description.whole.map { Array($0.lowercased().utf8) }
        prefixes = description.prefixes.map { Array($0.lowercased().utf8) }
    }

    func contain(_ bytes: Bytes, _ range: Range<Int>) -> Bool {
        if prefixes.contains(where: { stands($0, at: range.lowerBound, in: bytes, range) }) { return true }
        if whole.contains(where: { $0.count == range.count && stands($0, at: range.lowerBound, in: bytes, range) }) {
            return true
        }
        if RandomLook.isFilling(bytes, range) { return true }
        guard range.count <= Self.longest else { return false }
        return range.contains { start in anywhere.contains { stands($0, at: start, in: bytes, range) } }
    }

    private func stands(_ text: [UInt8], at start: Int, in bytes: Bytes, _ range: Range<Int>) -> Bool {
        guard start + text.count <= range.upperBound else { return false }
        for (offset, byte) in text.enumerated() where lowercase(bytes[start + offset]) != byte { return false }
        return true
    }
}

/// ASCII's lower case; other bytes are themselves.
func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
