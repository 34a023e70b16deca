/// The times at which something is due, in UTC: an interval (`every 15m`), or a calendar expression.
///
/// `docs/profile.md` tells which part of systemd's calendar syntax (systemd.time(7)) this is. The times are a pure
/// function of the text; a schedule never ends.
package struct Schedule: Hashable, Sendable, CustomStringConvertible {
    /// The shortest interval: more often than that is a service.
    static let leastInterval = TimeSpan.seconds(1)
    static let greatestInterval = TimeSpan(milliseconds: 366 * 86_400_000)

    /// As it was written.
    package let description: String
    private let rule: Rule

    private enum Rule: Hashable, Sendable {
        /// Every multiple of it since 1970, so that the times do not depend on when anything was started.
        case interval(TimeSpan)
        case calendar(CalendarRule)
    }

    package init(_ text: String) throws(InvalidSchedule) {
        description = text
        func refused(_ reason: String) -> InvalidSchedule { InvalidSchedule(text: text, reason: reason) }
        guard text.utf8.count <= 200 else {
            throw InvalidSchedule(text: "\(text.prefix(20))…", reason: "it is too long")
        }
        if text.hasPrefix("every ") {
            guard let span = try? TimeSpan(String(text.dropFirst(6))) else {
                throw refused("after 'every' comes a time with a unit, such as 30s, 15m or 1h30m")
            }
            guard (Self.leastInterval...Self.greatestInterval).contains(span) else {
                throw refused("an interval is from \(Self.leastInterval) to \(Self.greatestInterval)")
            }
            rule = .interval(span)
        } else {
            do throws(CalendarRule.Mistake) { rule = .calendar(try CalendarRule(text)) } catch {
                throw refused(error.sentence)
            }
        }
    }

    /// The first time after `wall`; both in milliseconds since 1970. There always is one.
    package func next(after wall: Int64) -> Int64 {
        // Up to the year 9999: a clock beyond that is broken, and the sums below must not overflow.
        let wall = max(0, min(wall, 253_402_300_799_999))
        switch rule {
        case .interval(let span): return (wall / span.milliseconds + 1) * span.milliseconds
        case .calendar(let rule): return rule.next(after: wall / 1000) * 1000
        }
    }
}

extension Schedule: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
