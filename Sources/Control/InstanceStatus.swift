package import CoreTypes

/// What the supervisor says of one instance.
package struct InstanceStatus: Codable, Sendable, Equatable {
    package var name: InstanceName
    package var state: State
    /// Whether it is meant to be up.
    package var wanted: Bool
    /// Up, and its probes say so (or it has none); of a scheduled one, that its last run did not fail.
    package var healthy: Bool
    package var pid: Int32?
    /// When it entered this state, in milliseconds since 1970.
    package var since: Int64
    /// Restarts by the supervisor since the last start by an operator.
    package var restarts: Int
    /// How the last run ended: `exited 1`, `killed by KILL`; `nil` before the first end.
    package var lastEnd: String?
    /// One sentence on why it is not up or not healthy.
    package var reason: String?
    /// What the process last said of itself (`STATUS=` on its `NOTIFY_SOCKET`).
    package var says: String?
    package var release: ReleaseID?
    /// When a scheduled one is due next, in milliseconds since 1970.
    package var next: Int64?
    /// The last captured lines, when it has failed.
    package var lastLines: [String]?

    package init(
        name: InstanceName, state: State, wanted: Bool, healthy: Bool, pid: Int32? = nil, since: Int64,
        restarts: Int = 0, lastEnd: String? = nil, reason: String? = nil, says: String? = nil,
        release: ReleaseID? = nil, next: Int64? = nil, lastLines: [String]? = nil
    ) {
        self.name = name
        self.state = state
        self.wanted = wanted
        self.healthy = healthy
        self.pid = pid
        self.since = since
        self.restarts = restarts
        self.lastEnd = lastEnd
        self.reason = reason
        self.says = says
        self.release = release
        self.next = next
        self.lastLines = lastLines
    }

    /// What one says that has loaded and waits until its slot is live.
    package static let standingBy = "standing by"

    /// The words an operator sees.
    package enum State: String, Sendable, Equatable {
        /// Not running, and not meant to.
        case down
        /// Wanted, and waiting for what it depends on.
        case waiting
        /// Running, not yet healthy.
        case starting
        case up
        /// Ended or failed to start; a timer runs until the next attempt.
        case backingOff = "backing-off"
        case stopping
        /// Gave up; an operator must act.
        case failed
        /// A one-shot that ended with 0.
        case completed
        /// Runs on a schedule; no run is due.
        case scheduled
        /// A word of a later release.
        case unknown
    }
}

extension InstanceStatus.State: Codable {
    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}
