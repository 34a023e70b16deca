package import CoreTypes

/// What a process must find in its environment to speak for itself.
extension ProbeSet {
    /// Whether one of the probes listens to the process, which then needs a `NOTIFY_SOCKET`.
    package var hearsNotices: Bool { [startup, readiness, liveness].contains { $0?.check == .notify } }

    /// How long the process may go without `WATCHDOG=1`; `nil` when it need not say it.
    package var watchdog: TimeSpan? { liveness.flatMap { $0.check == .notify ? $0.timeout : nil } }
}
