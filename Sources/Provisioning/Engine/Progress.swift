package import Host

/// What a run tells whoever watches it. Values, not texts: the terminal, the log and `--json` each render them.
package enum Progress: Hashable, Sendable {
    /// An earlier run was stopped in the middle; these changes of its may be half made, and are checked again.
    case resuming([String])
    /// Commands of an earlier run that was killed still work, and are waited for.
    case awaitingKilledRun
    case began(step: String, number: Int, of: Int)
    case changing(step: String, Change)
    /// Somebody else holds a lock that the change needs.
    case waiting(step: String, PackageLockHolder)
    /// A line that a command of the change said: apt, dpkg, tar, pip.
    case said(step: String, String)
    case changed(step: String, Change)
    case ended(step: String, changes: Int)
}

/// What a step would do.
package struct PlannedStep: Hashable, Sendable {
    package let step: String
    package let changes: [Change]
}
