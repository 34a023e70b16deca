/// How a process ended.
package enum End: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case killed(SignalNumber)
    /// It was adopted from an earlier supervisor, and the kernel tells the end of a process only to its parent.
    case unseen

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): return "exited \(code)"
        case .killed(let signal): return "killed by \(signal)"
        case .unseen: return "ended unseen"
        }
    }
}
