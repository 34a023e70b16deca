/// A length of time as operators write it: `250ms`, `30s`, `1m30s`, `12h`, `7d`.
package struct TimeSpan: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count) }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    package static let zero = TimeSpan(milliseconds: 0)

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Reads whole numbers with units, largest unit first, each at most once; a number without a unit is refused.
    package init(_ text: String) throws(InvalidQuantity) {
        let refused = InvalidQuantity(text: text, expected: "a time with a unit, such as 250ms, 30s, 1m30s, 12h or 7d")
        var rest = Substring(text)
        var total: Int64 = 0
        var largest = Int64.max
        guard !rest.isEmpty else { throw refused }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unitText = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unitText.count)
            guard let count = Int64(digits), let unit = Self.units.first(where: { $0.name == unitText }),
                unit.milliseconds < largest
            else { throw refused }
            let (part, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, overflowed) = total.addingReportingOverflow(part)
            guard !overflow, !overflowed else { throw refused }
            total = sum
            largest = unit.milliseconds
        }
        milliseconds = total
    }

    package var description: String {
        guard milliseconds != 0 else { return "0s" }
        var rest = milliseconds
        var text = ""
        for unit in Self.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }

    package var duration: Duration { .milliseconds(milliseconds) }

    package static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
}

extension TimeSpan: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
