/// A token with a known shape around one of its rule's keywords.
struct PatternMatcher: Sendable {
    private let before: [Piece]
    private let after: [Piece]

    init(_ pattern: RuleDescription.Pattern) throws(RuleSetError) {
        before = try pieces(pattern.before ?? [])
        after = try pieces(pattern.after)
    }

    /// `keyword` is where the rule's keyword stands.
    func match(_ bytes: Bytes, keyword: Range<Int>) -> Match? {
        var start = keyword.lowerBound
        for piece in before.reversed() {
            guard let earlier = piece.start(in: bytes, endingAt: start) else { return nil }
            start = earlier
        }
        guard Self.beginsWord(bytes, at: start) else { return nil }
        var end = keyword.upperBound
        var secret: Range<Int>?
        for piece in after {
            guard let later = piece.end(in: bytes, from: end) else { return nil }
            if piece.isSecret { secret = (secret?.lowerBound ?? end)..<later }
            end = later
        }
        if end < bytes.count, let last = after.last {
            guard !last.continues(with: bytes[end]) else { return nil }
            if case .run = last.shape, secret == nil, ByteSet.alphanumeric.contains(bytes[end]) { return nil }
        }
        guard secret == nil else {
            return Match(value: secret!, body: secret!, shown: keyword, isAssignment: false)
        }
        let isPrefix = start == keyword.lowerBound
        return Match(
            value: start..<end, body: isPrefix ? keyword.upperBound..<end : start..<end,
            shown: isPrefix ? start..<min(start + 4, keyword.upperBound) : start..<start, isAssignment: false)
    }

    /// Whether no word goes on here; the letter of an escape such as `\n` belongs to no word.
    private static func beginsWord(_ bytes: Bytes, at start: Int) -> Bool {
        guard start > 0, ByteSet.word.contains(bytes[start]), ByteSet.word.contains(bytes[start - 1]) else {
            return true
        }
        return start > 1 && bytes[start - 2] == UInt8(ascii: "\\")
    }
}

/// The described pieces, checked.
func pieces(_ descriptions: [RuleDescription.Piece]) throws(RuleSetError) -> [Piece] {
    var pieces: [Piece] = []
    for description in descriptions { pieces.append(try Piece(description)) }
    return pieces
}
