/// What can be asked on the control socket.
package enum ControlMethod: String, Sendable, CaseIterable {
    case status = "Status"
    case start = "Start"
    case stop = "Stop"
    case restart = "Restart"
    case signal = "Signal"
    case apply = "Apply"
    case logs = "Logs"
    case events = "Events"
    case metrics = "Metrics"
    case announce = "Announce"
    case reexecute = "Reexecute"
    case shutdown = "Shutdown"

    /// Whether asking it changes nothing, so that whoever may look may ask.
    package var onlyLooks: Bool {
        switch self {
        case .status, .logs, .events, .metrics: return true
        case .start, .stop, .restart, .signal, .apply, .announce, .reexecute, .shutdown: return false
        }
    }

    package var qualified: String { "\(ControlInterface.name).\(rawValue)" }
}
