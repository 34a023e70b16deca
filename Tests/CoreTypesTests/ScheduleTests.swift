import CoreTypes
import Testing

@Suite("Schedules")
struct ScheduleTests {
    /// 2026-11-24 is a Tuesday.
    static let tuesday: Int64 = 1_795_478_400_000

    private func next(_ schedule: String, after wall: Int64 = tuesday) throws -> String {
        "\(CivilTime(try Schedule(schedule).next(after: wall)))"
    }

    @Test(
        "the next time of each form is the one systemd's manual defines",
        arguments: [
            ("minutely", "2026-11-24T00:01:00Z"), ("hourly", "2026-11-24T01:00:00Z"),
            ("daily", "2026-11-25T00:00:00Z"), ("weekly", "2026-11-30T00:00:00Z"),
            ("monthly", "2026-12-01T00:00:00Z"), ("yearly", "2027-01-01T00:00:00Z"),
            ("Mon..Fri 03:30", "2026-11-24T03:30:00Z"), ("Sat,Sun 03:30", "2026-11-28T03:30:00Z"),
            ("monday", "2026-11-30T00:00:00Z"), ("Wed", "2026-11-25T00:00:00Z"),
            ("*-*-* *:00/15:00", "2026-11-24T00:15:00Z"), ("*:0/15", "2026-11-24T00:15:00Z"),
            ("12-24 18:00", "2026-12-24T18:00:00Z"), ("*-02-29", "2028-02-29T00:00:00Z"),
            ("Mon *-02-29", "2044-02-29T00:00:00Z"), ("*-*-31", "2026-12-31T00:00:00Z"),
            ("*-*-1,15 8..18/5:05:30", "2026-12-01T08:05:30Z"), ("*-1/6-10 00:00", "2027-01-10T00:00:00Z"),
            ("*:*:0/20 UTC", "2026-11-24T00:00:20Z"), ("every 15m", "2026-11-24T00:15:00Z"),
            ("every 1h30m", "2026-11-24T01:30:00Z"), ("every 7d", "2026-11-26T00:00:00Z"),
        ])
    func forms(schedule: String, expected: String) throws { #expect(try next(schedule) == expected) }

    @Test(
        "what is no schedule is refused with its reason",
        arguments: [
            ("", "it is empty"),
            ("every", "'every' is neither a weekday nor one of daily, hourly, minutely, monthly, weekly, yearly"),
            ("every 5", "after 'every' comes a time with a unit, such as 30s, 15m or 1h30m"),
            ("every 10ms", "an interval is from 1s to 366d"), ("every 400d", "an interval is from 1s to 366d"),
            ("24:00", "the hour 24 is not from 0 to 23"), ("10:60", "the minute 60 is not from 0 to 59"),
            ("10:00:60", "the second 60 is not from 0 to 59"), ("*-13-01", "the month 13 is not from 1 to 12"),
            ("*-02-30", "no month has such a day"), ("*-04,06-31", "no month has such a day"),
            ("2026-01-01", "the year must be *, because a schedule never ends"),
            ("*-*~01", "days counted from the end of a month (~) are not supported"),
            ("Fri..Mon", "the weekdays 'Fri..Mon' run backwards; a week begins with Mon"),
            ("Mun,Tue", "'Mun' is no weekday; they are Mon, Tue, Wed, Thu, Fri, Sat and Sun"),
            ("18..8:00", "the hour range '18..8' runs backwards"), ("0/0:00", "the step 0 is not from 1 to 23"),
            ("*:*/15", "a step needs a first value: 0/15, not '*/15'"),
            ("*:0/15/2", "'0/15/2' has more than one step"),
            ("1:2:3:4", "'1:2:3:4' is no time; write HOUR:MINUTE:SECOND"),
            ("03:30 Mon", "'Mon' is no date or time here; the order is weekdays, date, time, and times are in UTC"),
            (
                "03:30 Europe/Berlin",
                "'Europe/Berlin' is no date or time here; the order is weekdays, date, time, and times are in UTC"
            ),
            ("10:00:00.5", "'00.5' is no second"), (":30", "'' is no hour"), ("-1:00", "'' is no month"),
            (
                "sometimes",
                "'sometimes' is neither a weekday nor one of daily, hourly, minutely, monthly, weekly, yearly"
            ),
        ])
    func refused(schedule: String, reason: String) {
        #expect(throws: InvalidSchedule(text: schedule, reason: reason)) { try Schedule(schedule) }
    }

    @Test("a very long text is refused before it is looked at")
    func long() { #expect(throws: InvalidSchedule.self) { try Schedule(String(repeating: "1,", count: 10_000)) } }

    @Test("the next time is later than the question, and nothing of the schedule lies between")
    func strictlyLater() throws {
        for text in ["*:0/7:0/13", "Mon,Thu *:30", "*-*-29..31 12:00", "every 90s"] {
            let schedule = try Schedule(text)
            var wall = Self.tuesday - 1
            for _ in 0..<200 {
                let next = schedule.next(after: wall)
                #expect(next > wall)
                #expect(schedule.next(after: next - 1) == next)
                #expect(schedule.next(after: wall + (next - wall) / 2) == next)
                wall = next
            }
        }
    }

    @Test("a clock that is far off still gives a next time", arguments: [Int64.min, -1, 0, Int64.max])
    func brokenClock(wall: Int64) throws {
        for text in ["yearly", "Mon *-02-29", "every 366d"] { #expect(try Schedule(text).next(after: wall) > 0) }
    }

    @Test("a calendar day is right over leap years and centuries")
    func calendar() {
        #expect("\(CivilTime(0))" == "1970-01-01T00:00:00Z")
        #expect("\(CivilTime(-1))" == "1969-12-31T23:59:59Z")
        #expect("\(CivilTime(951_782_400_000))" == "2000-02-29T00:00:00Z")
        #expect("\(CivilTime(4_107_542_400_000))" == "2100-03-01T00:00:00Z")
        #expect("\(CivilTime(Self.tuesday))" == "2026-11-24T00:00:00Z")
    }
}
