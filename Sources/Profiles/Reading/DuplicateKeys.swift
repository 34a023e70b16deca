import Yams

/// Duplicate keys of a YAML text. The parser stops at the first one, so each is renamed in the text to a word of the
/// same length that nobody writes; positions stay, and the next duplicate can be found.
struct DuplicateKeys {
    private(set) var text: String
    private var originals: [String: String] = [:]
    /// More than this many in one text, and the rest is not worth reporting.
    private static let limit = 50

    init(text: String) { self.text = text }

    /// The key that a stand-in stands for.
    func original(of key: String) -> String? { originals[key] }

    /// Renames the occurrence at `mark`; `false` when it is not written there as a plain word.
    mutating func takeOut(_ key: String, at mark: Mark) -> Bool {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        let letters = Array(key.unicodeScalars)
        let start = mark.column - 1
        guard originals.count < Self.limit, lines.indices.contains(mark.line - 1), !letters.isEmpty,
            lines[mark.line - 1].dropFirst(start).starts(with: letters)
        else { return false }
        // Supplementary private use: valid in YAML, and in no profile.
        guard let letter = Unicode.Scalar(0xF0000 + originals.count) else { return false }
        let standIn = Array(repeating: letter, count: letters.count)
        lines[mark.line - 1].replaceSubrange(start..<(start + letters.count), with: standIn)
        text = lines.map { line in String(String.UnicodeScalarView(line)) }.joined(separator: "\n")
        originals[String(String.UnicodeScalarView(standIn))] = key
        return true
    }
}
