import Control
import CoreTypes

/// The helper program for what only a driver can ask: it lives beside the supervisor and ends with 0, or with a line
/// that says why not.
enum ProbeProgram {
    static let name = "bedplate-probe"

    /// The program beside the supervisor's own.
    static func path(beside program: String) -> String {
        "\(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])/\(name)"
    }

    /// MongoDB's driver has its counters in shared memory, from the moment it is loaded, under its pid. One that is killed
    /// leaves them there, and the next with that pid complains of it on standard error.
    static let environment = ["MONGOC_DISABLE_SHM": "1"]

    /// Its arguments for a check; `nil` for one that needs no helper. A password is named by its file.
    static func arguments(for check: ProbeSpec.Check, timeout: TimeSpan) -> [String]? {
        let limit = ["--timeout", "\(timeout.milliseconds)"]
        switch check {
        case .unit(let name): return ["unit", name] + limit
        case .redis(let store): return ["redis"] + arguments(for: store) + limit
        case .mongodb(let store): return ["mongodb"] + arguments(for: store) + limit
        case .http, .tcp, .exec, .notify: return nil
        }
    }

    private static func arguments(for store: StoreAddress) -> [String] {
        var arguments = [store.host, "\(store.port)"]
        if let user = store.user { arguments += ["--user", user] }
        if let file = store.passwordFile { arguments += ["--password-file", file] }
        if let database = store.database { arguments += ["--database", database] }
        return arguments
    }
}
