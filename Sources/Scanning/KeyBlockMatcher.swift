/// A private key in PEM or OpenPGP armour. The header alone, as in code that looks for one, is no key.
struct KeyBlockMatcher: Sendable {
    private let label: [UInt8]

    /// A key's base64 comes in lines of 64 or 70; the shortest key has one line.
    private static let shortestRun = 48
    private static let longestLabel = 40
    /// How far the first line of base64 may be from the header: armour headers and indentation stand between.
    private static let reach = 512
    private static let longestBlock = 16 << 10

    init(_ block: RuleDescription.KeyBlock) { label = Array(block.label.utf8) }

    func match(_ bytes: Bytes, keyword: Range<Int>) -> Match? {
        let limit = min(bytes.count, keyword.upperBound + Self.longestLabel)
        guard let labelEnd = bytes.find(dashes, in: keyword.upperBound..<limit),
            isLabel(bytes, keyword.upperBound..<labelEnd)
        else { return nil }
        let body = labelEnd + dashes.count
        guard hasRun(bytes, from: body, to: min(bytes.count, body + Self.reach)) else { return nil }
        let farthest = min(bytes.count, body + Self.longestBlock)
        let end = bytes.find(dashes, in: body..<farthest) ?? farthest
        return Match(
            value: keyword.lowerBound..<end, body: body..<end, shown: keyword.lowerBound..<body, isAssignment: false)
    }

    private func hasRun(_ bytes: Bytes, from start: Int, to end: Int) -> Bool {
        var run = 0
        for index in start..<end {
            if ByteSet.base64.contains(bytes[index]) { run += 1 } else { run = 0 }
            if run == Self.shortestRun { return true }
            if run == 0, bytes[index] == UInt8(ascii: "-"), index + 5 <= end,
                bytes[index..<index + 5].allSatisfy({ $0 == UInt8(ascii: "-") })
            {
                return false
            }
        }
        return false
    }

    private func isLabel(_ bytes: Bytes, _ range: Range<Int>) -> Bool {
        range.allSatisfy { labelBytes.contains(bytes[$0]) }
            && bytes.contains(label, in: range)
    }
}

private let labelBytes = ByteSet("A-Z0-9 ")
private let dashes = Array("-----".utf8)
