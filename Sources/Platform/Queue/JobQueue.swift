/// Hands jobs to programs and never loses one. Every implementation passes the same contract suite.
///
/// A claimed job is invisible for the lease; whoever dies or hangs with it loses it to the next claim. Effects come
/// first and `acknowledge` after, so a job may run twice and never not at all. Calls throw `QueueError` and nothing else.
package protocol JobQueue: Sendable {
    /// How long a claim holds without `extend`.
    var lease: Duration { get }

    /// Returns when the queue answered.
    func ping() async throws

    /// Adds a job. `false` where the topic has one for this scan already: adding again is safe.
    @discardableResult func add(_ job: Job, to topic: Topic) async throws -> Bool

    /// The job that waits longest, now held by `consumer`; `nil` where none waits.
    func claim(from topic: Topic, by consumer: String) async throws -> Delivery?

    /// Returns when there may be a job to claim, when `span` is over, or when the task is cancelled.
    func waitForJob(in topic: Topic, atMost span: Duration) async throws

    /// Holds the job for another lease.
    func extend(_ delivery: Delivery) async throws

    /// The job is done. With a successor, the end of one and the start of the other are one step.
    func acknowledge(_ delivery: Delivery, successor: (job: Job, topic: Topic)?) async throws

    /// Another consumer may have it after `delay`. Handed back whole, it does not count as a try.
    func giveBack(_ delivery: Delivery, after delay: Duration, countingTry: Bool) async throws

    /// Nobody shall try again: the job goes to the dead letters with its reason.
    func bury(_ delivery: Delivery, because reason: String) async throws

    func counts(of topic: Topic) async throws -> QueueCounts
}

/// How many jobs of a topic are where.
package struct QueueCounts: Sendable, Equatable {
    package let waiting: Int
    package let held: Int
    package let dead: Int

    package init(waiting: Int, held: Int, dead: Int) {
        self.waiting = waiting
        self.held = held
        self.dead = dead
    }
}
