package import CoreTypes

/// A point on the monotonic clock, in milliseconds; only the runtime and the simulator make them.
package struct Moment: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func + (moment: Moment, span: TimeSpan) -> Moment {
        let (sum, overflow) = moment.milliseconds.addingReportingOverflow(span.milliseconds)
        return Moment(milliseconds: overflow ? .max : sum)
    }

    package static func - (later: Moment, earlier: Moment) -> TimeSpan {
        TimeSpan(milliseconds: later.milliseconds - earlier.milliseconds)
    }

    package static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
}
