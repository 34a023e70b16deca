/// Names a release by the SHA-256 digest of its content: 64 lower-case hexadecimal digits.
package struct ReleaseID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) throws(InvalidName) {
        let isHex = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard text.utf8.count == 64, isHex else {
            throw InvalidName(text: text, expected: "a release digest of 64 hexadecimal digits")
        }
        description = text
    }

    /// The first 12 digits, for people.
    package var short: String { String(description.prefix(12)) }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

extension ReleaseID: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
