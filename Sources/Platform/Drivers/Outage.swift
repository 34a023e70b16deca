import Synchronization

/// Remembers for a moment that a server does not answer: without it, each of a hundred requests would hold a thread
/// for the driver's whole patience, one after the other, and the last would miss its time limit.
final class Outage<Failure: Error>: Sendable {
    private let memory: Duration
    private let last = Mutex<(failure: Failure, until: ContinuousClock.Instant)?>(nil)

    init(remembering memory: Duration = .milliseconds(500)) { self.memory = memory }

    /// Throws what somebody else has just found out.
    func check() throws(Failure) {
        let failure: Failure? = last.withLock { last in
            guard let known = last, ContinuousClock.now < known.until else { return nil }
            return known.failure
        }
        if let failure { throw failure }
    }

    func began(_ failure: Failure) { last.withLock { $0 = (failure, .now + memory) } }

    func ended() { last.withLock { $0 = nil } }
}
