/// A size as operators write it, in binary units: `64KiB`, `512MiB`, `2GiB`, `100B`.
package struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bytes: Int64

    package init(bytes: Int64) { self.bytes = bytes }

    package static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(bytes: count << 10) }
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(bytes: count << 20) }

    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// Reads a whole number and a unit; a number without a unit is refused.
    package init(_ text: String) throws(InvalidQuantity) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unitText = text.dropFirst(digits.count)
        guard let count = Int64(digits), let unit = Self.units.first(where: { $0.name == unitText }) else {
            throw InvalidQuantity(text: text, expected: "a size with a unit, such as 64KiB, 512MiB or 2GiB")
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow else {
            throw InvalidQuantity(text: text, expected: "a size that fits in 8 EiB")
        }
        bytes = product
    }

    package var description: String {
        guard bytes != 0, let unit = Self.units.first(where: { bytes.isMultiple(of: $0.bytes) }) else { return "0B" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }

    package static func < (a: Self, b: Self) -> Bool { a.bytes < b.bytes }
}

extension ByteCount: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
