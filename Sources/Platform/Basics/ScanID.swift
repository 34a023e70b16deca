/// Names a scan: 32 hexadecimal digits of random, so that it is safe as a file name and cannot be guessed.
package struct ScanID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    package init?(_ text: some StringProtocol) {
        let isHex = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard text.utf8.count == 32, isHex else { return nil }
        description = String(text)
    }

    /// A new one.
    package static func random() -> ScanID { ScanID(hexadecimal(Random.bytes(16)))! }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

extension ScanID: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
