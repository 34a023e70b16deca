/// Why a database is not healthy. None of these ever holds a password.
package enum StoreFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nobody listens there.
    case refused
    /// No answer within the timeout.
    case timedOut(after: Duration)
    /// The user or the password is wrong, or one is needed and there was none.
    case authentication
    /// It let us in without the password we have: it is open to everybody who can reach it.
    case unprotected
    /// It is the right kind of server, but cannot serve; with its own word for it: `LOADING`.
    case notReady(String)
    /// Something else listens there.
    case wrongServer
    /// It ended the connection before it answered.
    case closed
    /// The address cannot be reached; with the kernel's error number.
    case unreachable(errno: Int32)
    /// This machine has not the library that talks to it; with its name.
    case noDriver(library: String)
    /// The driver gave up for another reason; with its domain and code.
    case driver(domain: UInt32, code: UInt32)

    package var description: String {
        switch self {
        case .refused: "nothing listens there"
        case .timedOut(let time): "it did not answer within \(time)"
        case .authentication: "it refuses our user or password"
        case .unprotected: "it asks for no password although we have one: it is open to everybody who can reach it"
        case .notReady(let word): "it cannot serve yet (\(word))"
        case .wrongServer: "what listens there is another kind of server"
        case .closed: "it ended the connection before it answered"
        case .unreachable(let errno): "the address cannot be reached (error \(errno))"
        case .noDriver(let library): "\(library), which talks to it, is not installed here or is another version's"
        case .driver(let domain, let code): "the database driver failed (domain \(domain), code \(code))"
        }
    }
}
