extension Timestamp {
    /// Reads a time as RFC 3339 writes it: `2026-01-31T12:00:00.5+02:00`.
    package init?(_ text: some StringProtocol) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("Tt "), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2), reader.take(":"), let second = reader.number(2),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if reader.take(".") {
            guard let digits = reader.digits() else { return nil }
            for index in 0..<3 { fraction = fraction * 10 + (index < digits.count ? Int64(digits[index] - 48) : 0) }
        }
        guard let offset = reader.offset(), reader.rest.isEmpty else { return nil }
        let minutes = (Self.dayNumber(year, month, day) * 24 + hour) * 60 + minute - offset
        self.init(milliseconds: (minutes * 60 + second) * 1000 + fraction)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970 in the Gregorian calendar; years begin in March here, so that a leap day is a year's last.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = year + 400 - (month <= 2 ? 1 : 0)
        let era = year / 400
        let ofEra = year % 400
        let ofYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return (era - 1) * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ any: StaticString) -> Bool {
            guard let byte = rest.first, any.description.utf8.contains(byte) else { return false }
            rest = rest.dropFirst()
            return true
        }

        mutating func number(_ count: Int) -> Int64? {
            let digits = rest.prefix(count)
            guard digits.count == count, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
            rest = rest.dropFirst(count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
        }

        mutating func digits() -> [UInt8]? {
            let digits = Array(rest.prefix { (48...57).contains($0) })
            rest = rest.dropFirst(digits.count)
            return digits.isEmpty ? nil : digits
        }

        /// Minutes to the east of Greenwich.
        mutating func offset() -> Int64? {
            if take("Zz") { return 0 }
            let isWest = rest.first == UInt8(ascii: "-")
            guard take("+-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            return (isWest ? -1 : 1) * (hours * 60 + minutes)
        }
    }
}
