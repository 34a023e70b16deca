import CoreTypes

/// Why a switch, or a part of it, did not work.
package struct SwitchProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Completes "because …".
    package let description: String
    package let next: String?
    /// Where it happened, once that is known.
    package private(set) var stage: SwitchStage?

    package init(_ description: String, next: String? = nil, stage: SwitchStage? = nil) {
        self.description = description
        self.next = next
        self.stage = stage
    }

    init(_ error: any Error) {
        switch error {
        case let error as SwitchProblem: self = error
        case let error as OperatorError: self.init(error.because, next: error.next)
        default: self.init("\(error)")
        }
    }

    func at(_ stage: SwitchStage) -> SwitchProblem { SwitchProblem(description, next: next, stage: stage) }
}
