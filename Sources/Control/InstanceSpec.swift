package import CoreTypes

/// Everything the supervisor must know to run one instance.
package struct InstanceSpec: Codable, Sendable, Equatable {
    package var name: InstanceName
    /// `service` runs until told to stop; `oneshot` runs to completion, and is healthy once it ended with 0.
    package var kind: Kind
    /// The argument vector; the first entry is an absolute path. Never holds a secret.
    package var command: [String]
    package var workingDirectory: String
    package var environment: [String: String]
    /// Environment variables whose value is the content of a file (a secret), read at each start.
    package var secretEnvironment: [String: String]
    /// Files handed over in the instance's own credentials directory (`CREDENTIALS_DIRECTORY`): name to source path.
    package var credentials: [String: String]
    /// User and group to run as; `nil` keeps the supervisor's own.
    package var user: String?
    package var group: String?
    /// The release it runs, for status and logs.
    package var release: ReleaseID?
    /// When a one-shot runs, again and again; `nil`: once.
    package var schedule: Schedule?
    /// Whether it is wanted up when the stack is first applied; afterwards the operator's last word counts.
    package var autostart: Bool
    /// Hard dependencies: it starts when these are healthy, and stops and returns with them.
    package var requires: [InstanceName]
    /// Soft dependencies: only the order of starting.
    package var after: [InstanceName]
    package var restart: RestartPolicy
    package var probes: ProbeSet
    package var stop: [StopStep]
    package var logs: LogPolicy
    /// `nil` when nothing about its processes differs from the usual.
    package var child: Boxed<ChildSettings>?

    package init(
        name: InstanceName, kind: Kind = .service, command: [String], workingDirectory: String = "/",
        environment: [String: String] = [:], secretEnvironment: [String: String] = [:],
        credentials: [String: String] = [:], user: String? = nil, group: String? = nil, release: ReleaseID? = nil,
        schedule: Schedule? = nil, autostart: Bool = true, requires: [InstanceName] = [], after: [InstanceName] = [],
        restart: RestartPolicy = RestartPolicy(), probes: ProbeSet = ProbeSet(),
        stop: [StopStep] = StopStep.standard, logs: LogPolicy = LogPolicy(),
        child: ChildSettings? = nil
    ) {
        self.name = name
        self.kind = kind
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.secretEnvironment = secretEnvironment
        self.credentials = credentials
        self.user = user
        self.group = group
        self.release = release
        self.schedule = schedule
        self.autostart = autostart
        self.requires = requires
        self.after = after
        self.restart = restart
        self.probes = probes
        self.stop = stop
        self.logs = logs
        self.child = child.map(Boxed.init)
    }

    package enum Kind: String, Codable, Sendable { case service, oneshot }
}
