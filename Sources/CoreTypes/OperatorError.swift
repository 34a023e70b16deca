/// What an operator reads when something cannot be done: what, why, and what to do next.
package struct OperatorError: Error, Sendable, CustomStringConvertible {
    /// Completes "cannot …": `switch traffic to green`.
    package let doing: String
    /// Completes "because …": `nginx rejects the new configuration`.
    package let because: String
    /// What to do about it, as an imperative; `nil` where nothing sensible is known.
    package let next: String?
    /// For the log and `--verbose`.
    package let cause: (any Error)?
    package let exit: ExitCode

    package init(
        doing: String, because: String, next: String? = nil, cause: (any Error)? = nil, exit: ExitCode = .failed
    ) {
        self.doing = doing
        self.because = because
        self.next = next
        self.cause = cause
        self.exit = exit
    }

    package var description: String {
        "cannot \(doing): \(because)" + (next.map { "\n  next: \($0)" } ?? "")
    }
}
