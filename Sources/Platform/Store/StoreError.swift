/// Why a store did not do what it was asked.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The administrator cannot be changed and setup cannot be completed again.
    case setupIsComplete
    /// The database does not answer; the detail is for the log, never for a client.
    case unavailable(String)
    /// There is no room for what was to be written.
    case full

    package var description: String {
        switch self {
        case .setupIsComplete: "setup is complete"
        case .unavailable(let detail): "the store does not answer: \(detail)"
        case .full: "the store's disk is full"
        }
    }
}
