import Glibc

/// `2026-11-22T10:46:13.123Z ` as bytes, made anew only when the millisecond changes.
struct TimestampPrefix {
    static let length = 25

    private var millisecond: Int64 = .min
    private var day: Int64 = .min
    private(set) var bytes = [UInt8]("0000-00-00T00:00:00.000Z ".utf8)

    mutating func set(_ wall: Int64) {
        guard wall != millisecond else { return }
        millisecond = wall
        let today = wall >= 0 ? wall / 86_400_000 : (wall - 86_399_999) / 86_400_000
        if today != day {
            day = today
            let (year, month, dayOfMonth) = Self.date(ofDay: today)
            put(year, at: 0, digits: 4)
            put(month, at: 5, digits: 2)
            put(dayOfMonth, at: 8, digits: 2)
        }
        let rest = wall - today * 86_400_000
        put(rest / 3_600_000, at: 11, digits: 2)
        put(rest / 60_000 % 60, at: 14, digits: 2)
        put(rest / 1000 % 60, at: 17, digits: 2)
        put(rest % 1000, at: 20, digits: 3)
    }

    private mutating func put(_ number: Int64, at start: Int, digits: Int) {
        var number = number
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            bytes[index] = UInt8(ascii: "0") + UInt8(number % 10)
            number /= 10
        }
    }

    /// The Gregorian date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }
}
