/// A second of UTC by the Gregorian calendar.
package struct CivilTime: Sendable, CustomStringConvertible {
    package let year: Int64
    /// 1…12 and 1…31.
    package let month: Int64
    package let day: Int64
    /// 0…86399; UTC as computers count it has no leap seconds.
    package let secondOfDay: Int64

    /// Milliseconds since 1970.
    package init(_ wall: Int64) {
        let second = wall.dividedDown(by: 1000)
        self.init(day: second.dividedDown(by: 86_400), secondOfDay: second - second.dividedDown(by: 86_400) * 86_400)
    }

    /// A day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    init(day: Int64, secondOfDay: Int64 = 0) {
        let shifted = day + 719_468
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.secondOfDay = secondOfDay
    }

    var daysInMonth: Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// RFC 3339: `2026-11-24T03:30:00Z`.
    package var description: String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map(two).joined(separator: ":")
        return "\(year)-\(two(month))-\(two(day))T\(time)Z"
    }
}

extension Int64 {
    /// Division that rounds down, also below zero.
    func dividedDown(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
    }
}
