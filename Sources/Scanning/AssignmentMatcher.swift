/// A name that contains one of its rule's keywords, and the text it is given: `db_password = "…"`.
struct AssignmentMatcher: Sendable {
    private let value: [Piece]
    private let isRandom: Bool
    private let unquotedIn: Set<String>
    private let ignoredSuffixes: [[UInt8]]

    private static let longestName = 64
    private static let longestValue = 512

    init(_ assignment: RuleDescription.Assignment, ignoredSuffixes: [String]) throws(RuleSetError) {
        value = try pieces(assignment.value)
        isRandom = assignment.random ?? false
        unquotedIn = Set(assignment.unquotedIn ?? [])
        self.ignoredSuffixes = ignoredSuffixes.map { Array($0.utf8) }
    }

    func match(_ bytes: Bytes, keyword: Range<Int>, fileKind: String) -> Match? {
        guard let nameEnd = endOfName(bytes, keyword: keyword) else { return nil }
        var cursor = Cursor(bytes: bytes, position: nameEnd)
        guard cursor.passOperator(), let value = quoted(&cursor) ?? unquoted(&cursor, fileKind: fileKind),
            isWhole(bytes, value), !isRandom || looksDrawn(bytes, value)
        else { return nil }
        var nameStart = keyword.lowerBound
        let limit = max(0, nameEnd - Self.longestName)
        while nameStart > limit, ByteSet.word.contains(bytes[nameStart - 1]) { nameStart -= 1 }
        return Match(value: value, body: value, shown: nameStart..<nameEnd, isAssignment: true)
    }

    /// Where the name around the keyword ends, or `nil` if it names something else: `tokenizer`, `password_field`.
    private func endOfName(_ bytes: Bytes, keyword: Range<Int>) -> Int? {
        var end = keyword.upperBound
        let limit = min(bytes.count, end + Self.longestName)
        while end < limit, ByteSet.identifier.contains(bytes[end]) { end += 1 }
        while end > keyword.upperBound, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
        guard end > keyword.upperBound else { return end }
        let last = bytes[keyword.upperBound - 1]
        let next = bytes[keyword.upperBound]
        // A letter of the same case goes on with the same word.
        if ByteSet.lower.contains(last) && ByteSet.lower.contains(next) { return nil }
        if ByteSet.upper.contains(last) && ByteSet.upper.contains(next) { return nil }
        let length = end - keyword.upperBound
        for suffix in ignoredSuffixes where suffix.count <= length {
            let start = end - suffix.count
            if (0..<suffix.count).allSatisfy({ bytes[start + $0] | 0x20 == suffix[$0] }) { return nil }
        }
        return end
    }

    private func quoted(_ cursor: inout Cursor) -> Range<Int>? {
        guard let quote = cursor.passOpeningQuote() else { return nil }
        let bytes = cursor.bytes
        let start = cursor.position
        let limit = min(bytes.count, start + Self.longestValue)
        var end = start
        while end < limit, bytes[end] != quote, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < limit, bytes[end] == quote else { return nil }
        // The quote of a string inside a string is escaped, and the backslash is none of the value.
        if end > start, bytes[end - 1] == UInt8(ascii: "\\") { end -= 1 }
        return start..<end
    }

    private func unquoted(_ cursor: inout Cursor, fileKind: String) -> Range<Int>? {
        guard unquotedIn.contains(fileKind), !cursor.isAtQuote else { return nil }
        let bytes = cursor.bytes
        let start = cursor.position
        let limit = min(bytes.count, start + Self.longestValue)
        var end = start
        while end < limit, !endOfBareValue.contains(bytes[end]) { end += 1 }
        return start..<end
    }

    private func isWhole(_ bytes: Bytes, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        for piece in value {
            guard let end = piece.end(in: bytes, from: position), end <= range.upperBound else { return false }
            position = end
        }
        return position == range.upperBound
    }

    /// A digit or a symbol that words, names and paths do not have, or capitals where no language puts them.
    private func looksDrawn(_ bytes: Bytes, _ range: Range<Int>) -> Bool {
        if range.contains(where: { !ByteSet.wordy.contains(bytes[$0]) }) { return true }
        // camelCase changes twice a word, so about every third letter; drawn letters change at every second.
        let changes = range.dropFirst().count {
            ByteSet.upper.contains(bytes[$0]) != ByteSet.upper.contains(bytes[$0 - 1])
        }
        return range.count >= 20 && changes * 5 >= range.count * 2
    }
}

private let endOfBareValue = ByteSet(" \t\r\n\"'`,;#()<>")
