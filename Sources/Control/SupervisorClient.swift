package import CoreTypes

/// What the CLI and the deployer ask of a running supervisor. `ControlClient` speaks to the socket; tests fake it.
///
/// Every call fails with an `OperatorError`; its exit code is `retry` when no supervisor answers.
package protocol SupervisorClient: Sendable {
    func status() throws -> StatusReply
    /// Returns when the wish is recorded; health is seen in `status`.
    func start(_ instances: [InstanceName]) throws
    func stop(_ instances: [InstanceName]) throws
    func restart(_ instances: [InstanceName]) throws
    /// Sends a signal, by name without `SIG`, to the instance's main process.
    func signal(_ instance: InstanceName, _ signal: String) throws
    /// Replaces the stack; restarts only what changed.
    func apply(_ stack: Stack) throws -> ApplyReply
    /// The last `lines` lines, then, when `follow`, each new one until `receive` returns false.
    func logs(_ instance: InstanceName, lines: Int, follow: Bool, receive: (LogLine) -> Bool) throws
    /// The last `lines` events, then, when `follow`, each new one until `receive` returns false.
    func events(lines: Int, follow: Bool, receive: (SupervisorEvent) -> Bool) throws
    /// What can be measured now.
    func metrics() throws -> [MetricFamily]
    /// Has an event recorded that only the caller knows of; its kind is one that `isAnnounced`.
    func announce(_ kind: SupervisorEvent.Kind, _ reason: String) throws
    /// Stops every instance by its own steps, then the supervisor itself.
    func shutdown() throws
}
