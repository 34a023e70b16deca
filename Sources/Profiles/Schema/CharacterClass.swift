/// A set of bytes, written as in a regular expression: `a-z0-9_-`.
struct CharacterClass: Sendable, ExpressibleByStringLiteral {
    let pattern: String
    private let ranges: [ClosedRange<UInt8>]

    func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } }

    /// Reads single characters and ranges; a `-` at the end stands for itself.
    init(stringLiteral text: String) {
        pattern = "[" + text.replacing("/", with: "\\/") + "]"
        var rest = Array(text.utf8)[...]
        var ranges: [ClosedRange<UInt8>] = []
        while let low = rest.popFirst() {
            if rest.first == UInt8(ascii: "-"), let high = rest.dropFirst().first {
                ranges.append(low...high)
                rest = rest.dropFirst(2)
            } else {
                ranges.append(low...low)
            }
        }
        self.ranges = ranges
    }

    /// Everything but NUL. UTF-8 beyond ASCII is made of bytes from 0x80 on.
    static let anythingButNUL = CharacterClass(pattern: "[^\\u0000]", ranges: [1...0xFF])
    /// Everything but the control characters of ASCII.
    static let printable = CharacterClass(
        pattern: "[^\\u0000-\\u001f\\u007f]", ranges: [0x20...0x7E, 0x80...0xFF])

    private init(pattern: String, ranges: [ClosedRange<UInt8>]) {
        self.pattern = pattern
        self.ranges = ranges
    }
}
