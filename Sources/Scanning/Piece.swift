/// Part of a pattern: a fixed text, or a run of bytes from a set. Runs are greedy and never given back.
struct Piece: Sendable {
    enum Shape: Sendable {
        case text([UInt8])
        case run(ByteSet, ClosedRange<Int>)
    }

    let shape: Shape
    /// The secret is what these pieces matched; without any, it is the whole match.
    let isSecret: Bool

    init(_ piece: RuleDescription.Piece) throws(RuleSetError) {
        isSecret = piece.secret ?? false
        switch (piece.text, piece.of) {
        case (let text?, nil): shape = .text(Array(text.utf8))
        case (nil, let alphabet?):
            let least = piece.count ?? piece.least ?? 1
            let most = piece.count ?? piece.most ?? least
            guard least <= most, least >= 0 else { throw .badPiece("its range \(least)...\(most) is empty") }
            shape = .run(ByteSet(alphabet), least...most)
        default: throw .badPiece("it needs either 'text' or 'of'")
        }
    }

    /// The end of this piece when it begins at `start`, or `nil`.
    func end(in bytes: Bytes, from start: Int) -> Int? {
        switch shape {
        case .text(let text):
            return bytes.stands(text, at: start) ? start + text.count : nil
        case .run(let set, let counts):
            var end = start
            let limit = min(bytes.count, start + counts.upperBound)
            while end < limit, set.contains(bytes[end]) { end += 1 }
            return end - start >= counts.lowerBound ? end : nil
        }
    }

    /// The start of this piece when it ends at `end`, or `nil`.
    func start(in bytes: Bytes, endingAt end: Int) -> Int? {
        switch shape {
        case .text(let text):
            let start = end - text.count
            return start >= 0 && self.end(in: bytes, from: start) == end ? start : nil
        case .run(let set, let counts):
            var start = end
            let limit = max(0, end - counts.upperBound)
            while start > limit, set.contains(bytes[start - 1]) { start -= 1 }
            return end - start >= counts.lowerBound ? start : nil
        }
    }

    /// Whether the piece could have gone on with `byte`.
    func continues(with byte: UInt8) -> Bool {
        if case .run(let set, _) = shape { set.contains(byte) } else { false }
    }
}
