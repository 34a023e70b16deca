/// Names a secret the way an environment variable is named: `SECRET_KEY`.
package struct SecretName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) throws(InvalidName) {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let allowed = text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
        guard let first = text.utf8.first, letters.contains(first), allowed, text.utf8.count <= 64 else {
            throw InvalidName(text: text, expected: "a capital letter, then at most 63 of A-Z, 0-9, '_'")
        }
        description = text
    }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}
