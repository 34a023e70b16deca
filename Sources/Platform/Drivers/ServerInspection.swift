/// What a look at a database server found: for whoever types a connection string during setup.
///
/// No sentence of it holds anything of the connection string, and none is the driver's or the server's own.
package struct ServerInspection: Sendable, Equatable {
    /// As the server says; `nil` where it did not get that far.
    package var version: String?
    /// Of one answer on an open connection.
    package var latency: Duration?
    /// Why the platform cannot work with it; none: it can.
    package var problems: [String] = []
    /// What works, and should still be looked at.
    package var warnings: [String] = []

    static func unusable(_ problem: String) -> ServerInspection { ServerInspection(problems: [problem]) }

    /// The oldest version that has what we use, or a problem.
    mutating func demand(_ product: String, _ oldest: (major: Int, minor: Int), because reason: String) {
        let numbers = (version ?? "").split(separator: ".").compactMap { Int($0) }
        guard numbers.count >= 2 else {
            problems.append("\(product) does not say which version it is")
            return
        }
        if (numbers[0], numbers[1]) < (oldest.major, oldest.minor) {
            problems.append("\(product) is too old: \(oldest.major).\(oldest.minor) or newer is needed \(reason)")
        }
    }

    /// Looks block; these are nobody else's threads, so that a slow server keeps no request waiting.
    static let threads = DriverThreads(2)
}
