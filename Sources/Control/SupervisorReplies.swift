package import CoreTypes

/// The answer to `Status`.
package struct StatusReply: Codable, Sendable, Equatable {
    package var pid: Int32
    package var version: String
    /// When the supervisor started, in milliseconds since 1970.
    package var since: Int64
    package var profile: String
    package var instances: [InstanceStatus]

    package init(pid: Int32, version: String, since: Int64, profile: String, instances: [InstanceStatus]) {
        self.pid = pid
        self.version = version
        self.since = since
        self.profile = profile
        self.instances = instances
    }
}

/// The answer to `Apply`: what the new stack changed. Only `changed` and `removed` were stopped.
package struct ApplyReply: Codable, Sendable, Equatable {
    package var added: [InstanceName]
    package var removed: [InstanceName]
    package var changed: [InstanceName]
    package var unchanged: [InstanceName]

    package init(added: [InstanceName], removed: [InstanceName], changed: [InstanceName], unchanged: [InstanceName]) {
        self.added = added
        self.removed = removed
        self.changed = changed
        self.unchanged = unchanged
    }
}

/// One captured line.
package struct LogLine: Codable, Sendable, Equatable {
    package var instance: InstanceName
    package var text: String

    package init(instance: InstanceName, text: String) {
        self.instance = instance
        self.text = text
    }
}
