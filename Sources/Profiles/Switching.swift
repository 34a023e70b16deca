package import CoreTypes

/// How traffic moves between the slots.
package struct Switching: Sendable, Equatable {
    /// How long the new slot is watched after the switch; zero: not at all.
    package var watch: TimeSpan
    /// Percent of answers: traffic returns when so many more of them are errors than before the switch.
    package var errors: Int
    /// How long the old slot is kept running for a rollback.
    package var warm: TimeSpan
    /// How long a smoke check or a migration may take.
    package var hooks: TimeSpan
    /// How long the new slot is shown at the front door's preview before it gets traffic; zero: not at all.
    package var preview: TimeSpan
    /// What the new slot must answer before it gets traffic.
    package var smoke: [SmokeCheck]

    package init(
        watch: TimeSpan = .seconds(60), errors: Int = 5, warm: TimeSpan = .seconds(600),
        hooks: TimeSpan = .seconds(600), preview: TimeSpan = .zero, smoke: [SmokeCheck] = []
    ) {
        self.watch = watch
        self.errors = errors
        self.warm = warm
        self.hooks = hooks
        self.preview = preview
        self.smoke = smoke
    }
}
