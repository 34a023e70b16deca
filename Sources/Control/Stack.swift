package import CoreTypes

/// A profile resolved for one host: every default filled in, every port and path fixed.
///
/// It is what the supervisor runs, as JSON in `stack.json`. A field added later is optional, so that a CLI and
/// a supervisor one release apart understand each other's stacks.
package struct Stack: Codable, Sendable, Equatable {
    /// The format this code writes. A stack of a later format is refused with a sentence.
    package static let currentFormat = 1

    package var format: Int
    /// The profile it was resolved from: `cspm`.
    package var profile: String
    package var directories: Directories
    package var instances: [InstanceSpec]
    /// The slot that gets traffic, for the line that systemd shows; whoever switches tells it.
    package var live: Slot?
    /// Where metrics are told over HTTP; `nil`: nowhere.
    package var metrics: MetricsEndpoint?
    /// Where output goes besides the instances' files; `nil`: nowhere.
    package var logging: Logging?

    package init(
        profile: String, directories: Directories, instances: [InstanceSpec], live: Slot? = nil,
        metrics: MetricsEndpoint? = nil, logging: Logging? = nil
    ) {
        self.format = Self.currentFormat
        self.profile = profile
        self.directories = directories
        self.instances = instances
        self.live = live
        self.metrics = metrics
        self.logging = logging
    }

    /// Where the supervisor keeps what; absolute paths.
    package struct Directories: Codable, Sendable, Equatable {
        /// `/var/lib/bedplate`: `state.json`, `events.jsonl`.
        package var state: String
        /// `/var/log/bedplate`: a folder an instance.
        package var logs: String
        /// `/run/bedplate`: the control socket `control`, credentials.
        package var run: String

        package init(state: String, logs: String, run: String) {
            self.state = state
            self.logs = logs
            self.run = run
        }

        /// One line: the slot whose workers and scheduler are at work. The supervisor writes it, those that stand by
        /// read it; absent where there are no slots.
        package var liveSlot: String { state + "/live-slot" }
    }
}
