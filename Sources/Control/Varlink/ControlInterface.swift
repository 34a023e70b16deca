/// The names on the control socket, and the description that `org.varlink.service` hands out.
package enum ControlInterface {
    package static let name = "io.bedplate.Supervisor"
    package static let service = "org.varlink.service"
    /// A message longer than this, either way, ends the conversation.
    package static let maximumMessage = 1 << 20

    package static let description = """
        # Runs the processes of a Bedplate stack.
        interface io.bedplate.Supervisor

        # state: down, waiting, starting, up, backing-off, stopping, failed, completed or scheduled.
        # since, next: milliseconds since 1970.
        type Instance (
          name: string,
          state: string,
          wanted: bool,
          healthy: bool,
          pid: ?int,
          since: int,
          restarts: int,
          lastEnd: ?string,
          reason: ?string,
          says: ?string,
          release: ?string,
          next: ?int,
          lastLines: ?[]string
        )

        # at: milliseconds since 1970.
        type Event (
          at: int,
          kind: string,
          instance: ?string,
          state: ?string,
          pid: ?int,
          reason: ?string
        )

        # kind: gauge, counter, summary or info, with the meaning of OpenMetrics; so have suffix and labels. A later
        # release may have more kinds.
        type Metric (
          name: string,
          kind: string,
          unit: ?string,
          help: string,
          samples: []Sample
        )

        type Sample (
          suffix: string,
          labels: [string]string,
          value: float
        )

        method Status() -> (pid: int, version: string, since: int, profile: string, instances: []Instance)

        # Start, Stop and Restart return when the wish is recorded; Status shows its progress.
        method Start(instances: []string) -> ()
        method Stop(instances: []string) -> ()
        method Restart(instances: []string) -> ()

        # Sends a signal, by name without SIG, to the main process.
        method Signal(instance: string, signal: string) -> ()

        # Replaces the stack; only the processes of changed and removed instances are stopped.
        method Apply(stack: object) -> (added: []string, removed: []string, changed: []string, unchanged: []string)

        # The last lines, then, with follow and more, each new one; several lines a reply.
        method Logs(instance: string, lines: ?int, follow: ?bool) -> (instance: string, lines: []string)

        # The last events, then, with follow and more, each new one; several events a reply.
        method Events(lines: ?int, follow: ?bool) -> (events: []Event)

        # What can be measured now. With more, a reply a metric; one with many samples comes in several parts.
        method Metrics() -> (families: []Metric)

        # Records an event that the caller alone knows of: traffic-moved, traffic-returned, streams-closed or
        # slot-retired.
        method Announce(kind: string, reason: string) -> ()

        # Runs the supervisor's program anew in the same process, as after an upgrade; the children go on. The reply
        # comes before it: Status tells a later `since` once it is done.
        method Reexecute() -> ()

        # Stops everything, then the supervisor.
        method Shutdown() -> ()

        error UnknownInstance (instance: string)
        error UnknownSignal (signal: string)
        error NotRunning (instance: string)
        error InvalidStack (problems: []string)
        error NotSaved (reason: string)
        error NotPermitted (method: string)
        error ShuttingDown ()

        """

    package static let serviceDescription = """
        # What every Varlink service can be asked.
        interface org.varlink.service

        method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
        method GetInterfaceDescription(interface: string) -> (description: string)

        error InterfaceNotFound (interface: string)
        error MethodNotFound (method: string)
        error MethodNotImplemented (method: string)
        error InvalidParameter (parameter: string)
        error PermissionDenied ()
        error ExpectedMore ()

        """
}
