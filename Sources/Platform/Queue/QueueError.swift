/// Why a queue did not do what it was asked.
package enum QueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The lease ran out and somebody else has, or had, the job.
    case leaseLost
    /// The queue does not answer; the detail is for the log, never for a client.
    case unavailable(String)
    /// There is no room for another job.
    case full

    package var description: String {
        switch self {
        case .leaseLost: "the lease of the job ran out"
        case .unavailable(let detail): "the queue does not answer: \(detail)"
        case .full: "the queue has no room for another job"
        }
    }
}
