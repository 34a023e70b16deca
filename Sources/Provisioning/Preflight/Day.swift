/// A day of the calendar, by UTC.
package struct Day: Hashable, Sendable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    package init(_ year: Int, _ month: Int, _ day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// `2026-04-30`
    package var description: String { "\(year)-\(Self.padded(month))-\(Self.padded(day))" }

    /// Its first moment, in milliseconds since 1970. Years begin in March here, so that the day that some have more is
    /// their last.
    package var start: Int64 {
        let years = month > 2 ? year : year - 1
        let months = (month + 9) % 12
        let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1
        return Int64(days - 719_468) * 86_400_000
    }

    /// The first moment of the day after it.
    package var end: Int64 { start + 86_400_000 }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The day of a moment in milliseconds since 1970.
    package init(at time: Int64) {
        let days = Int((Double(time) / 86_400_000).rounded(.down)) + 719_468
        let era = days / 146_097
        let rest = days % 146_097
        let years = (rest - rest / 1460 + rest / 36_524 - rest / 146_096) / 365
        let inYear = rest - (365 * years + years / 4 - years / 100)
        let months = (5 * inYear + 2) / 153
        let month = months < 10 ? months + 3 : months - 9
        self.init(era * 400 + years + (month < 3 ? 1 : 0), month, inYear - (153 * months + 2) / 5 + 1)
    }
}
