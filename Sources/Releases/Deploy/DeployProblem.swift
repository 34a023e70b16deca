import Archives
import CoreTypes

/// Why a deploy, or a part of it, did not work.
struct DeployProblem: Error {
    /// Completes "because …".
    var because: String
    let next: String?
    var exit: ExitCode = .failed

    init(_ because: String, next: String? = nil) {
        self.because = because
        self.next = next
    }

    init(_ error: any Error) {
        switch error {
        case let error as DeployProblem: self = error
        case let error as SwitchProblem: self.init(error.description, next: error.next)
        case let error as OperatorError:
            self.init(error.because, next: error.next)
            exit = error.exit
        default: self.init("\(error)")
        }
    }
}
