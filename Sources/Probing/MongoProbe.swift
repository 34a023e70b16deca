import CMongoc
import CoreTypes

/// An authenticated ping of one mongod, without looking for other members of a replica set.
///
/// The driver limits each of its steps, not the dialog: a server that answers the handshake and then falls silent can
/// take twice the timeout.
package struct MongoProbe: StoreProbe {
    private let endpoint: Endpoint
    private let authenticationDatabase: String
    private let timeout: Duration

    package init(_ endpoint: Endpoint, authenticationDatabase: String = "admin", timeout: Duration = .seconds(2)) {
        self.endpoint = endpoint
        self.authenticationDatabase = authenticationDatabase
        self.timeout = timeout
    }

    package func check() -> StoreHealth {
        do throws(StoreFailure) {
            let deadline = Deadline(after: timeout)
            // The driver reports a closed port, a silent peer and a foreign one with the same code.
            try TCPCheck.connect(to: endpoint.address, port: endpoint.port, deadline: deadline)
            let client = try makeClient(limit: deadline.remainingMilliseconds)
            defer { cmongoc_client_close(client) }
            _ = try command("ping", key: "ok", client, deadline)
            let version = try command("buildInfo", key: "version", client, deadline)
            return .healthy(version: version, latency: deadline.elapsed)
        } catch {
            return .unhealthy(error)
        }
    }

    /// Runs a command as this endpoint's user and gives its answer as JSON. Throws `StoreFailure`, or the server's code
    /// as `MongoRefusal`.
    @discardableResult
    package func run(_ json: String, on database: String) throws -> String {
        let deadline = Deadline(after: timeout)
        try TCPCheck.connect(to: endpoint.address, port: endpoint.port, deadline: deadline)
        let client = try makeClient(limit: deadline.remainingMilliseconds)
        defer { cmongoc_client_close(client) }
        var error = cmongoc_error()
        var reply: UnsafeMutablePointer<CChar>?
        defer { cmongoc_free(reply) }
        if cmongoc_run_json(client, database, json, &reply, &error) { return reply.map { String(cString: $0) } ?? "" }
        if error.cause == CMONGOC_SERVER { throw MongoRefusal(code: error.code) }
        throw failure(error, deadline)
    }

    private func makeClient(limit: Int32) throws(StoreFailure) -> OpaquePointer {
        guard cmongoc_load() else { throw .noDriver(library: CMONGOC_LIBRARY) }
        guard let port = UInt16(exactly: endpoint.port), let uri = cmongoc_uri_direct(endpoint.address, port)
        else { throw .unreachable(errno: 0) }
        defer { cmongoc_uri_destroy(uri) }
        let limit = max(1, limit)
        cmongoc_uri_limit(uri, limit, limit, limit)
        if let credentials = endpoint.credentials {
            cmongoc_uri_sign_in(uri, credentials.user ?? "", credentials.password.reveal(), authenticationDatabase)
        }
        var error = cmongoc_error()
        guard let client = cmongoc_client_open(uri, &error) else {
            throw .driver(domain: error.domain, code: error.code)
        }
        return client
    }

    /// The text at `key` of the reply, where it has one.
    private func command(
        _ name: String, key: String, _ client: OpaquePointer, _ deadline: Deadline
    ) throws(StoreFailure) -> String? {
        var error = cmongoc_error()
        var text: UnsafeMutablePointer<CChar>?
        guard cmongoc_command(client, authenticationDatabase, name, key, &text, &error) else {
            throw failure(error, deadline)
        }
        defer { cmongoc_free(text) }
        return text.map { String(cString: $0) }
    }

    private func failure(_ error: cmongoc_error, _ deadline: Deadline) -> StoreFailure {
        switch (error.cause, error.code) {
        case (CMONGOC_AUTHENTICATION, _), (CMONGOC_SERVER, 18), (CMONGOC_SERVER, 13): .authentication
        case (CMONGOC_SERVER, let code): .notReady("code \(code)")
        case (CMONGOC_SELECTION, _), (CMONGOC_STREAM, _):
            deadline.remainingMilliseconds <= 10 ? .timedOut(after: timeout) : .wrongServer
        case (CMONGOC_PROTOCOL, _): .wrongServer
        default: .driver(domain: error.domain, code: error.code)
        }
    }
}

/// A command that MongoDB refused; with its own code.
package struct MongoRefusal: Error, Hashable, CustomStringConvertible {
    package let code: UInt32

    package static let unauthorized = MongoRefusal(code: 13)
    package static let userExists = MongoRefusal(code: 51003)

    package var description: String { "it refuses with code \(code)" }
}
