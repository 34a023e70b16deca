package import Control

/// Judges a slot that has just got traffic. Pure.
package struct TrafficWatch: Sendable {
    package static let pause = Duration.milliseconds(250)
    /// Fewer answers than these prove nothing about a rate.
    package static let fewest = 20
    /// How long an instance may be away: what ends once and comes back at once is no reason to go back.
    package static let patience = Duration.seconds(5)

    private let usual: ErrorRate
    /// In percent.
    private let threshold: Int
    package var seen = ErrorRate()
    private var sickSince: Duration?
    private var firstRestarts: [String: Int] = [:]

    package init(usual: ErrorRate, threshold: Int) {
        self.usual = usual
        self.threshold = threshold
    }

    /// An instance that is a reason to go back.
    package mutating func sick(among statuses: [InstanceStatus], at now: Duration) -> InstanceStatus? {
        for status in statuses {
            let first = firstRestarts["\(status.name)"] ?? status.restarts
            firstRestarts["\(status.name)"] = first
            if status.state == .failed || status.restarts - first >= 3 { return status }
        }
        guard let sick = statuses.first(where: { !$0.healthy }) else {
            sickSince = nil
            return nil
        }
        let since = sickSince ?? now
        sickSince = since
        return now - since >= Self.patience ? sick : nil
    }

    /// Why so many errors are a reason to go back; `nil` when they are not.
    package var excess: String? {
        guard seen.answers >= Self.fewest, seen.percent - usual.percent > Double(threshold) else { return nil }
        return "\(seen.errors) of \(seen.answers) answers of the new slot were errors, before the switch "
            + "\(usual.errors) of \(usual.answers); the limit is \(threshold) in a hundred more"
    }
}

/// How many answers there were, and how many of them said that the server failed (5xx).
package struct ErrorRate: Sendable, Equatable {
    package var answers = 0
    package var errors = 0

    package init(answers: Int = 0, errors: Int = 0) {
        self.answers = answers
        self.errors = errors
    }

    var percent: Double { answers == 0 ? 0 : Double(errors) * 100 / Double(answers) }

    mutating func add(_ other: ErrorRate) {
        answers += other.answers
        errors += other.errors
    }
}
