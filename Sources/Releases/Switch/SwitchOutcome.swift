import CoreTypes

/// How a switch ended.
package enum SwitchOutcome: Sendable, Equatable {
    /// The new slot is live; the old one is stopped, or kept for a rollback.
    case switched
    /// Traffic never moved, and the new slot is stopped again.
    case untouched(SwitchProblem)
    /// Traffic moved and went back by itself, and the new slot is stopped again.
    case returned(SwitchProblem)
    /// Traffic is where it was, but the new slot could not be stopped.
    case leftOver(SwitchProblem, then: SwitchProblem, hasReturned: Bool)
    /// The new slot is live, but the old one could not be drained or stopped.
    case unfinished(SwitchProblem)
    /// Traffic could not be taken back.
    case stuck(SwitchProblem, then: SwitchProblem)
}

/// All wording of a switch that did not work.
extension SwitchOutcome {
    /// `nil` when it worked.
    func error(from: Slot, to: Slot) -> OperatorError? {
        let again = "run 'bedplate switch \(to)' again: it takes up where this one stopped"
        func failure(_ problem: SwitchProblem, _ traffic: String, next: String? = nil) -> OperatorError {
            let stage = problem.stage.map { "\n  stage: \($0)" } ?? ""
            return OperatorError(
                doing: "switch traffic to \(to)", because: "\(problem.description)\(stage)\n  traffic: \(traffic)",
                next: next ?? problem.next)
        }
        switch self {
        case .switched: return nil
        case .untouched(let problem):
            return failure(problem, "it stayed on \(from); \(to) is not running")
        case .returned(let problem):
            return failure(problem, "it went back to \(from); \(to) is not running")
        case .leftOver(let problem, let second, let hasReturned):
            let traffic = hasReturned ? "it went back to \(from)" : "it stayed on \(from)"
            return failure(problem, "\(traffic); stopping \(to) failed: \(second)", next: again)
        case .unfinished(let problem):
            return failure(problem, "it is on \(to); \(from) may still be running", next: again)
        case .stuck(let problem, let second):
            return failure(
                problem, "taking it back to \(from) failed: \(second); both slots were left running",
                next: "repair that, then \(again)")
        }
    }
}
