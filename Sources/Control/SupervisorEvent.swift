package import CoreTypes

/// One line of the supervisor's record: what happened, when, to which instance.
package struct SupervisorEvent: Codable, Sendable, Equatable {
    /// Milliseconds since 1970.
    package var at: Int64
    package var kind: Kind
    package var instance: InstanceName?
    /// The instance's state after it.
    package var state: InstanceStatus.State?
    package var pid: Int32?
    package var reason: String?

    package init(
        at: Int64, kind: Kind, instance: InstanceName? = nil, state: InstanceStatus.State? = nil, pid: Int32? = nil,
        reason: String? = nil
    ) {
        self.at = at
        self.kind = kind
        self.instance = instance
        self.state = state
        self.pid = pid
        self.reason = reason
    }

    package enum Kind: String, Sendable, Equatable, CaseIterable {
        /// The supervisor itself.
        case supervisorStarted = "supervisor-started"
        case supervisorStopping = "supervisor-stopping"
        case supervisorStopped = "supervisor-stopped"
        /// It becomes another image of its program, and stays the same process.
        case supervisorReexecuting = "supervisor-reexecuting"
        case stackApplied = "stack-applied"
        /// An instance entered another state.
        case state
        case healthy
        case unhealthy
        case ended
        case spawnFailed = "spawn-failed"
        /// A scheduled run was due while the last one was not over.
        case runSkipped = "run-skipped"
        /// A child of an earlier supervisor was taken over.
        case adopted
        /// A process that an ended run left behind was killed.
        case strayKilled = "stray-killed"
        case logsStopped = "logs-stopped"
        case logsResumed = "logs-resumed"
        /// The journal does not take lines as fast as they come, or is not there.
        case journalStopped = "journal-stopped"
        case journalResumed = "journal-resumed"
        /// Logstash cannot be reached; lines wait on disk.
        case logstashAway = "logstash-away"
        case logstashBack = "logstash-back"
        /// Its spool is full, or cannot be written.
        case logstashDropping = "logstash-dropping"
        /// It has all that waited; the reason says how many lines it never got.
        case logstashDropped = "logstash-dropped"
        /// A switch made another slot live.
        case trafficMoved = "traffic-moved"
        /// A switch failed after it had moved traffic, and took it back.
        case trafficReturned = "traffic-returned"
        /// WebSockets and event streams on the slot that was live before were closed; the reason says how many.
        case streamsClosed = "streams-closed"
        /// The slot that was live before is drained and stopped.
        case slotRetired = "slot-retired"
        /// The supervisor met an obstacle and went on.
        case trouble
        /// A word of a later release.
        case unknown

        /// Whether somebody else tells the supervisor of it, which cannot know it.
        package var isAnnounced: Bool {
            [.trafficMoved, .trafficReturned, .streamsClosed, .slotRetired].contains(self)
        }
    }
}

extension SupervisorEvent {
    /// Its line in the record, without the newline.
    package func write(to bytes: inout [UInt8]) {
        var writer = JSONObjectWriter(appendingTo: bytes)
        bytes = []
        writer.member("at", at)
        writer.member("instance", instance?.description)
        writer.member("kind", kind.rawValue)
        writer.member("pid", pid)
        writer.member("reason", reason)
        writer.member("state", state?.rawValue)
        bytes = writer.finished()
    }
}

extension SupervisorEvent.Kind: Codable {
    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}
