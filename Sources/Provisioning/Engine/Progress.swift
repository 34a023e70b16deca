/// What a run tells whoever watches it. Values, not texts: the terminal, the log and `--json` each render them.
package enum Progress: Hashable, Sendable {
    /// An earlier run was stopped in the middle; these changes of its may be half made, and are checked again.
    case resuming([String])
    case began(step: String, number: Int, of: Int)
    case changing(step: String, Change)
    case changed(step: String, Change)
    case ended(step: String, changes: Int)
}

/// What a step would do.
package struct PlannedStep: Hashable, Sendable {
    package let step: String
    package let changes: [Change]
}
