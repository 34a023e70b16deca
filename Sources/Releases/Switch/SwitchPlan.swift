package import CoreTypes
import Profiles

/// What a switch does besides moving traffic; recorded with it, so that whoever takes it up knows.
package struct SwitchPlan: Codable, Sendable, Equatable {
    /// Percent of clients that are sent to the new slot first; `nil`: all of them at once.
    package var share: Int?
    /// How long the new slot is watched; zero: not at all.
    package var watch: TimeSpan
    /// How long the old slot is kept running; zero: it is drained and stopped at once.
    package var warm: TimeSpan
    /// Whether the new slot has smoke checks to pass.
    package var checks: Bool
    /// Whether the new slot's release has a migration that has not run.
    package var migrates: Bool
    /// How long the new slot is shown before it gets traffic; absent in records of before it could be.
    package var preview: TimeSpan?
    /// Whether the new slot was live before: what stands by is loaded when it is needed, and nobody waits for it before.
    /// Absent in records of before it could be.
    package var isProven: Bool?

    package init(
        share: Int? = nil, watch: TimeSpan = .zero, warm: TimeSpan = .zero, checks: Bool = false,
        migrates: Bool = false, preview: TimeSpan? = nil, isProven: Bool? = nil
    ) {
        self.share = share
        self.watch = watch
        self.warm = warm
        self.checks = checks
        self.migrates = migrates
        self.preview = preview
        self.isProven = isProven
    }
}

/// What the operator says about a switch; what is not said follows the profile.
package struct SwitchWishes: Sendable, Equatable {
    /// 1 to 99, in percent.
    package var share: Int?
    package var watch: TimeSpan?
    package var preview: TimeSpan?

    package init(share: Int? = nil, watch: TimeSpan? = nil, preview: TimeSpan? = nil) {
        self.share = share
        self.watch = watch
        self.preview = preview
    }
}
