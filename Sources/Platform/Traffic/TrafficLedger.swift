/// What blue and green must know in common about who asks how often. Every implementation passes the same contract suite.
///
/// Calls throw `QueueError.unavailable` and nothing else.
package protocol TrafficLedger: Sendable {
    /// Counts one request of the caller, unless it has none left.
    func take(from caller: String, at rate: Rate) async throws -> Standing

    /// Counts an attempt that may fail for each of them, unless one must still wait: then nothing is counted, and the answer is
    /// how long. Counting comes before the outcome, so that a hundred attempts at once are a hundred.
    func attempt(_ attempts: [Attempt]) async throws -> Duration?

    /// The attempt succeeded: those forgotten begin anew, those returned have one less.
    func settle(forgetting: [String], returning: [String]) async throws
}

/// An attempt that counts as failed until it is settled.
package struct Attempt: Sendable, Equatable {
    package let caller: String
    package let patience: Patience

    package init(by caller: String, _ patience: Patience) {
        self.caller = caller
        self.patience = patience
    }
}

/// How the wait after failures grows.
package struct Patience: Sendable, Equatable {
    /// So many attempts cost no wait; the next one 1 s, and each further one twice as much.
    package let free: Int
    package let longest: Duration
    /// After so long without an attempt all is forgotten.
    package let memory: Duration

    package init(free: Int, longest: Duration, memory: Duration) {
        self.free = free
        self.longest = longest
        self.memory = memory
    }

    /// After the attempt of this number, which counts from 1.
    package func wait(after number: Int) -> Duration {
        number < free ? .zero : min(longest, .seconds(Int64(1) << Int64(min(number - free, 30))))
    }
}
