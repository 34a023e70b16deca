package import CoreTypes

/// A process as a profile describes it. Texts may hold placeholders, resolved for each instance:
/// `{release}` `{build}` `{slot}` `{port}` `{data}` `{logs}` `{run}`; their names are checked when the profile is loaded.
package struct ProcessDeclaration: Sendable, Equatable {
    package var name: ProcessName
    /// Whether each slot has an instance of its own.
    package var isSlotted: Bool
    /// What part it has in a switch.
    package var role: Role
    /// Whether a worker or a scheduler loads before a switch, and waits by itself until its slot is live.
    package var standsBy: Bool
    /// A one-shot runs to completion.
    package var isOneshot: Bool
    /// When it runs, to completion each time; `nil`: it is no scheduled process.
    package var schedule: Schedule?
    package var command: [String]
    package var environment: [String: String]
    /// The port of the slot that it listens on, by name; `{port}` is its number.
    package var port: String?
    /// Secrets handed over as files in its credentials directory.
    package var credentials: [SecretName]
    /// Secrets handed over as environment variables, by variable.
    package var secretEnvironment: [String: SecretName]
    package var user: String?
    package var group: String?
    package var requires: [ProcessName]
    package var after: [ProcessName]
    package var restart: Restart
    package var startup: Probe?
    package var readiness: Probe?
    package var liveness: Probe?
    package var stop: [StopSignal]
    package var logs: Logs
    package var child: Child

    package init(
        name: ProcessName, isSlotted: Bool, isOneshot: Bool, schedule: Schedule? = nil, command: [String],
        environment: [String: String],
        port: String?, credentials: [SecretName], secretEnvironment: [String: SecretName], user: String?,
        group: String?, requires: [ProcessName], after: [ProcessName], restart: Restart, startup: Probe?,
        readiness: Probe?, liveness: Probe?, stop: [StopSignal], logs: Logs, child: Child = Child(),
        role: Role = .server, standsBy: Bool = false
    ) {
        self.name = name
        self.isSlotted = isSlotted
        self.role = role
        self.standsBy = standsBy
        self.isOneshot = isOneshot
        self.schedule = schedule
        self.command = command
        self.environment = environment
        self.port = port
        self.credentials = credentials
        self.secretEnvironment = secretEnvironment
        self.user = user
        self.group = group
        self.requires = requires
        self.after = after
        self.restart = restart
        self.startup = startup
        self.readiness = readiness
        self.liveness = liveness
        self.stop = stop
        self.logs = logs
        self.child = child
    }

    /// Whether it cannot run without a release: its program, its environment or its folder is that of one.
    package var needsRelease: Bool {
        let texts = command + environment.values + child.environmentFiles + [child.workingDirectory]
        return texts.contains { Placeholder.release.occurs(in: $0) || Placeholder.build.occurs(in: $0) }
    }

    package struct Restart: Sendable, Equatable {
        package var mode: Mode
        package var initial: TimeSpan
        package var maximum: TimeSpan
        package var resetAfter: TimeSpan
        /// At most `count` starts in `window`; `nil`: no limit.
        package var limit: StartLimit?

        package struct StartLimit: Sendable, Equatable {
            package var count: Int
            package var window: TimeSpan

            package init(count: Int, window: TimeSpan) {
                self.count = count
                self.window = window
            }
        }

        package enum Mode: String, Sendable, CaseIterable {
            case always
            case onFailure = "on-failure"
            case never
        }

        package init(
            mode: Mode, initial: TimeSpan, maximum: TimeSpan, resetAfter: TimeSpan, limit: StartLimit?
        ) {
            self.mode = mode
            self.initial = initial
            self.maximum = maximum
            self.resetAfter = resetAfter
            self.limit = limit
        }
    }

    package struct Probe: Sendable, Equatable {
        package var check: Check
        package var interval: TimeSpan
        package var timeout: TimeSpan
        package var startPeriod: TimeSpan
        package var failures: Int
        package var successes: Int

        package init(
            check: Check, interval: TimeSpan, timeout: TimeSpan, startPeriod: TimeSpan, failures: Int, successes: Int
        ) {
            self.check = check
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.failures = failures
            self.successes = successes
        }

        package enum Check: Sendable, Equatable {
            /// A request to an address; `nil`: to the process's own port.
            case http(
                at: Address? = nil, path: String, method: String, statuses: [Int], headers: [String: String])
            /// A connection to an address; `nil`: to the process's own port.
            case tcp(at: Address? = nil)
            case exec(command: [String])
            /// The process says it itself.
            case notify
            /// A unit of systemd.
            case unit(name: String)
            case redis(at: Address, Login)
            /// `database`: the one that knows the user.
            case mongodb(at: Address, Login, database: String)
        }

        package struct Address: Sendable, Equatable {
            /// An IP address.
            package var host: String
            package var port: Port

            package init(host: String, port: Port) {
                self.host = host
                self.port = port
            }
        }

        /// As whom a database is asked; without a password as nobody.
        package struct Login: Sendable, Equatable {
            package var user: String?
            package var password: SecretName?

            package init(user: String? = nil, password: SecretName? = nil) {
                self.user = user
                self.password = password
            }
        }
    }

    package struct StopSignal: Sendable, Equatable {
        package var signal: String
        package var wait: TimeSpan
        package var target: Target

        package enum Target: String, Sendable, CaseIterable {
            /// The process group: the program with its children.
            case group
            /// The program alone, which minds its children itself.
            case main
        }

        package init(signal: String, wait: TimeSpan, target: Target = .group) {
            self.signal = signal
            self.wait = wait
            self.target = target
        }
    }

    package struct Logs: Sendable, Equatable {
        package var maximumSize: ByteCount
        package var keep: Int
        package var timestamps: Bool
        package var maximumAge: TimeSpan
        package var maximumTotal: ByteCount
        package var format: Format
        package var journal: Bool
        package var logstash: Bool

        package enum Format: String, Sendable, CaseIterable { case text, json }

        package init(
            maximumSize: ByteCount, keep: Int, timestamps: Bool, maximumAge: TimeSpan, maximumTotal: ByteCount,
            format: Format, journal: Bool, logstash: Bool
        ) {
            self.maximumSize = maximumSize
            self.keep = keep
            self.timestamps = timestamps
            self.maximumAge = maximumAge
            self.maximumTotal = maximumTotal
            self.format = format
            self.journal = journal
            self.logstash = logstash
        }
    }
}
