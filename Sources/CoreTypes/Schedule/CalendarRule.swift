/// `Mon..Fri *-*-01 03:30:00`: weekdays, date and time, each of which may be left out.
struct CalendarRule: Hashable, Sendable {
    /// Completes "'…' is no schedule: …".
    struct Mistake: Error {
        let sentence: String

        init(_ sentence: String) { self.sentence = sentence }
    }

    /// Monday is 0.
    private var weekdays = CalendarField(0...6)
    private var months = CalendarField(1...12)
    private var days = CalendarField(1...31)
    private var hours = CalendarField(0...0)
    private var minutes = CalendarField(0...0)
    private var seconds = CalendarField(0...0)

    /// As systemd.time(7) defines them.
    static let words = [
        "minutely": "*-*-* *:*:00", "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00",
        "weekly": "Mon *-*-* 00:00:00", "monthly": "*-*-01 00:00:00", "yearly": "*-01-01 00:00:00",
    ]

    private static let dayNames = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    init(_ text: String) throws(Mistake) {
        var parts = (Self.words[text] ?? text).split(separator: " ")
        if parts.last == "UTC" { parts.removeLast() }
        guard !parts.isEmpty else { throw Mistake("it is empty") }
        if let first = parts.first, first.first?.isLetter == true {
            guard first.contains(",") || first.contains("..") || Self.weekday(first) != nil else {
                let words = Self.words.keys.sorted().joined(separator: ", ")
                throw Mistake("'\(first)' is neither a weekday nor one of \(words)")
            }
            weekdays = try Self.weekdays(parts.removeFirst())
        }
        if let date = parts.first, date.contains("-") {
            try setDate(date)
            parts.removeFirst()
        }
        if let time = parts.first, time.contains(":") {
            try setTime(time)
            parts.removeFirst()
        }
        if let rest = parts.first {
            throw Mistake("'\(rest)' is no date or time here; the order is weekdays, date, time, and times are in UTC")
        }
        guard hasDay else { throw Mistake("no month has such a day") }
    }

    private static func weekday(_ text: Substring) -> Int? {
        let word = text.lowercased()
        return dayNames.firstIndex { $0 == word || $0.prefix(3) == word }
    }

    private static func weekdays(_ text: Substring) throws(Mistake) -> CalendarField {
        var found: CalendarField?
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ".", omittingEmptySubsequences: false)
            let words = ends.count == 3 && ends[1].isEmpty ? [ends[0], ends[2]] : [part, part]
            guard let first = weekday(words[0]), let last = weekday(words[1]) else {
                throw Mistake("'\(part)' is no weekday; they are Mon, Tue, Wed, Thu, Fri, Sat and Sun")
            }
            guard first <= last else { throw Mistake("the weekdays '\(part)' run backwards; a week begins with Mon") }
            if found == nil { found = CalendarField(first...last) } else { found?.insert(first...last) }
        }
        return found ?? CalendarField(0...6)
    }

    private mutating func setDate(_ text: Substring) throws(Mistake) {
        var parts = text.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 3 {
            guard parts.removeFirst() == "*" else { throw Mistake("the year must be *, because a schedule never ends") }
        }
        guard parts.count == 2 else { throw Mistake("'\(text)' is no date; write *-MONTH-DAY") }
        guard !text.contains("~") else { throw Mistake("days counted from the end of a month (~) are not supported") }
        months = try CalendarField(parts[0], name: "month", in: 1...12)
        days = try CalendarField(parts[1], name: "day", in: 1...31)
    }

    private mutating func setTime(_ text: Substring) throws(Mistake) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { throw Mistake("'\(text)' is no time; write HOUR:MINUTE:SECOND") }
        hours = try CalendarField(parts[0], name: "hour", in: 0...23)
        minutes = try CalendarField(parts[1], name: "minute", in: 0...59)
        if parts.count == 3 { seconds = try CalendarField(parts[2], name: "second", in: 0...59) }
    }

    /// Whether any of its days exists, 29 February included. Then it meets each weekday as well, within 400 years.
    private var hasDay: Bool {
        (1...12).contains { month in
            let length = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            return months.contains(month) && days.first(from: 1).map { $0 <= length } ?? false
        }
    }

    /// The first after `second`, in seconds since 1970.
    func next(after second: Int64) -> Int64 {
        var day = (second + 1).dividedDown(by: 86_400)
        var start = Int(second + 1 - day * 86_400)
        while true {
            let date = CivilTime(day: day)
            guard months.contains(Int(date.month)) else {
                day += date.daysInMonth - date.day + 1
                start = 0
                continue
            }
            // 1970-01-01 was a Thursday.
            let weekday = Int(day + 3 - (day + 3).dividedDown(by: 7) * 7)
            if days.contains(Int(date.day)), weekdays.contains(weekday), let time = time(from: start) {
                return day * 86_400 + Int64(time)
            }
            day += 1
            start = 0
        }
    }

    /// The first second of a day that counts, from `start` on.
    private func time(from start: Int) -> Int? {
        var hour = hours.first(from: start / 3600)
        while let at = hour {
            let firstMinute = at == start / 3600 ? start / 60 % 60 : 0
            var minute = minutes.first(from: firstMinute)
            while let within = minute {
                let isStart = at * 60 + within == start / 60
                if let second = seconds.first(from: isStart ? start % 60 : 0) {
                    return at * 3600 + within * 60 + second
                }
                minute = minutes.first(from: within + 1)
            }
            hour = hours.first(from: at + 1)
        }
        return nil
    }
}
