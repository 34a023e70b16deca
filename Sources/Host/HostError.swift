package import SystemPackage

/// A call to the machine that failed. Wording is in `description`, so that it can be reviewed as prose.
package enum HostError: Error, Sendable, CustomStringConvertible {
    case failed(call: String, path: FilePath, errno: Errno)
    case tooLarge(path: FilePath, limit: Int)
    /// Held by another process; its pid where the lock file tells.
    case locked(path: FilePath, holder: Int32?)
    case notStarted(command: String, errno: Errno)
    /// The service manager, or the bus to it, said no.
    case serviceManager(call: String, errno: Errno)
    case account(name: String, errno: Errno)
    case connection(address: String, port: Int, errno: Errno)
    /// A file of the system that is not in the format we know.
    case notUnderstood(path: FilePath, why: String)
    /// A program of the system ended with something else than 0.
    case ended(command: String, how: String, said: String)
    case notFetched(address: String, why: String)

    package var description: String {
        switch self {
        case .failed(let call, let path, let errno): "\(call) \(path): \(errno)"
        case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
        case .locked(let path, let holder): "\(path) is locked" + (holder.map { " by process \($0)" } ?? "")
        case .notStarted(let command, let errno): "starting \(command): \(errno)"
        case .serviceManager(let call, let errno): "asking systemd for \(call): \(errno)"
        case .account(let name, let errno): "looking up the account \(name): \(errno)"
        case .connection(let address, let port, let errno): "talking to \(address) port \(port): \(errno)"
        case .notUnderstood(let path, let why): "\(path) is not understood: \(why)"
        case .ended(let command, let how, let said): "\(command) \(how)" + (said.isEmpty ? "" : ": \(said)")
        case .notFetched(let address, let why): "\(address) cannot be fetched: \(why)"
        }
    }
}

extension HostError {
    /// Whether it is that a file system is full, or what an account may have of it. Of a program of the system only its words
    /// tell, which are the C library's own in our locale (strerror(3)).
    package var saysFull: Bool {
        switch self {
        case .failed(_, _, let errno): [.noSpace, .diskQuotaExceeded].contains(errno)
        case .ended(_, _, let said), .notFetched(_, let said):
            // tar says so where the last part of a file did not fit.
            said.contains("No space left on device") || said.contains(": Wrote only ")
        case .tooLarge, .locked, .notStarted, .serviceManager, .account, .connection, .notUnderstood: false
        }
    }
}
