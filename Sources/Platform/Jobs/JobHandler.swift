import Synchronization

/// What a program does with one job of its topic.
///
/// A handler may be run again for a job it had finished: every effect is safe to repeat. What is wrong with the job
/// itself is the scan's outcome, not an error; an error means that trying again may help.
package protocol JobHandler: Sendable {
    func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome
    /// The last try failed: says so where the user looks.
    func abandon(_ job: Job, because reason: String) async throws
    /// Who goes on after an abandoned job; `nil` for nobody.
    var successorOfAbandoned: Topic? { get }
}

extension JobHandler {
    package var successorOfAbandoned: Topic? { nil }
}

/// How a handled job ends.
package enum JobOutcome: Sendable {
    case done
    /// The next program takes over, in the same step.
    case followed(by: Job, in: Topic)
}

/// Tells a handler, from whatever thread it works on, to stop where it is.
package final class Interruption: Sendable {
    private let flag = Mutex(false)

    package init() {}

    package var isRequested: Bool { flag.withLock { $0 } }
    package func request() { flag.withLock { $0 = true } }
}

/// A handler stopped because it was told to; the job is not finished.
package struct Interrupted: Error {
    package init() {}
}
