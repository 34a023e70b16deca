/// Which numbers of a part of a date or a time count: `*`, `5`, `1,15`, `8..18`, `0/15`, `8..18/2`.
struct CalendarField: Hashable, Sendable {
    /// Bit n is set when n counts.
    private(set) var bits: UInt64

    /// Each number of the range.
    init(_ range: ClosedRange<Int>) { bits = Self.mask(range, step: 1) }

    init(_ text: Substring, name: String, in range: ClosedRange<Int>) throws(CalendarRule.Mistake) {
        bits = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard pieces.count <= 2, let base = pieces.first else {
                throw CalendarRule.Mistake("'\(part)' has more than one step")
            }
            let step = pieces.count == 2 ? try Self.number(pieces[1], name: "step", in: 1...range.upperBound) : 1
            if base == "*" {
                guard pieces.count == 1 else {
                    throw CalendarRule.Mistake("a step needs a first value: \(range.lowerBound)/\(step), not '\(part)'")
                }
                bits |= Self.mask(range, step: 1)
                continue
            }
            let ends = base.split(separator: ".", omittingEmptySubsequences: false)
            if ends.count == 3, ends[1].isEmpty {
                let first = try Self.number(ends[0], name: name, in: range)
                let last = try Self.number(ends[2], name: name, in: range)
                guard first <= last else { throw CalendarRule.Mistake("the \(name) range '\(base)' runs backwards") }
                bits |= Self.mask(first...last, step: step)
            } else {
                let first = try Self.number(base, name: name, in: range)
                bits |= pieces.count == 2 ? Self.mask(first...range.upperBound, step: step) : 1 << UInt64(first)
            }
        }
    }

    func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    /// The first that counts, from `start` on.
    func first(from start: Int) -> Int? {
        guard start < 64 else { return nil }
        let rest = bits >> UInt64(start)
        return rest == 0 ? nil : start + rest.trailingZeroBitCount
    }

    mutating func insert(_ range: ClosedRange<Int>) { bits |= Self.mask(range, step: 1) }

    private static func mask(_ range: ClosedRange<Int>, step: Int) -> UInt64 {
        stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private static func number(
        _ text: Substring, name: String, in range: ClosedRange<Int>
    ) throws(CalendarRule.Mistake) -> Int {
        let isDecimal = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal, (1...2).contains(text.utf8.count), let number = Int(text) else {
            throw CalendarRule.Mistake("'\(text)' is no \(name)")
        }
        guard range.contains(number) else {
            throw CalendarRule.Mistake("the \(name) \(text) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
