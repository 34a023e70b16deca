/// A text that is no schedule, and why.
package struct InvalidSchedule: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String { "'\(text)' is no schedule: \(reason)" }
}
