/// Why a unit does not count as active.
package enum UnitFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no system bus, or it ended the connection; with the kernel's error number.
    case noBus(errno: Int32)
    /// The bus is there, but nobody on it answers for systemd; with the name of the bus's error.
    case noManager(String)
    case timedOut(after: Duration)
    /// No file describes such a unit.
    case unknown
    /// The unit's own word for its state: `failed`, `activating`.
    case inactive(String)

    package var description: String {
        switch self {
        case .noBus(let errno): "systemd cannot be asked: the system bus cannot be reached (error \(errno))"
        case .noManager(let name): "systemd cannot be asked: \(name)"
        case .timedOut(let time): "systemd did not answer within \(time)"
        case .unknown: "systemd knows no such unit"
        case .inactive(let word): "the unit is \(word)"
        }
    }
}
