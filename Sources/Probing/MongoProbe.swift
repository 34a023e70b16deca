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
            Self.start
            let deadline = Deadline(after: timeout)
            // The driver reports a closed port, a silent peer and a foreign one with the same code.
            try TCPCheck.connect(to: endpoint.address, port: endpoint.port, deadline: deadline)
            let client = try makeClient(limit: deadline.remainingMilliseconds)
            defer { mongoc_client_destroy(client) }
            _ = try command("ping", key: "ok", client, deadline)
            let version = try command("buildInfo", key: "version", client, deadline)
            return .healthy(version: version, latency: deadline.elapsed)
        } catch {
            return .unhealthy(error)
        }
    }

    /// The driver's own log goes to standard error, and may quote what a server sent.
    private static let start: Void = {
        mongoc_init()
        mongoc_log_set_handler(nil, nil)
    }()

    /// Runs a command as this endpoint's user and gives its answer as JSON. Throws `StoreFailure`, or the server's code
    /// as `MongoRefusal`.
    @discardableResult
    package func run(_ json: String, on database: String) throws -> String {
        Self.start
        let deadline = Deadline(after: timeout)
        try TCPCheck.connect(to: endpoint.address, port: endpoint.port, deadline: deadline)
        let client = try makeClient(limit: deadline.remainingMilliseconds)
        defer { mongoc_client_destroy(client) }
        var error = bson_error_t()
        var reply: UnsafeMutablePointer<CChar>?
        defer { bson_free(reply) }
        if cmongoc_run_json(client, database, json, &reply, &error) { return reply.map { String(cString: $0) } ?? "" }
        if error.domain == MONGOC_ERROR_SERVER.rawValue { throw MongoRefusal(code: error.code) }
        throw failure(error, deadline)
    }

    private func makeClient(limit: Int32) throws(StoreFailure) -> OpaquePointer {
        guard let port = UInt16(exactly: endpoint.port), let uri = mongoc_uri_new_for_host_port(endpoint.address, port)
        else { throw .unreachable(errno: 0) }
        defer { mongoc_uri_destroy(uri) }
        let options = [
            MONGOC_URI_CONNECTTIMEOUTMS: limit, MONGOC_URI_SOCKETTIMEOUTMS: limit,
            MONGOC_URI_SERVERSELECTIONTIMEOUTMS: limit,
        ]
        for (name, value) in options { mongoc_uri_set_option_as_int32(uri, name, max(1, value)) }
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, true)
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_DIRECTCONNECTION, true)
        if let credentials = endpoint.credentials {
            mongoc_uri_set_username(uri, credentials.user ?? "")
            mongoc_uri_set_password(uri, credentials.password.reveal())
            mongoc_uri_set_auth_source(uri, authenticationDatabase)
            mongoc_uri_set_auth_mechanism(uri, "SCRAM-SHA-256")
        }
        var error = bson_error_t()
        guard let client = mongoc_client_new_from_uri_with_error(uri, &error) else {
            throw .driver(domain: error.domain, code: error.code)
        }
        mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2)
        return client
    }

    /// The text at `key` of the reply, where it has one.
    private func command(
        _ name: String, key: String, _ client: OpaquePointer, _ deadline: Deadline
    ) throws(StoreFailure) -> String? {
        var error = bson_error_t()
        var text: UnsafeMutablePointer<CChar>?
        guard cmongoc_command(client, authenticationDatabase, name, key, &text, &error) else {
            throw failure(error, deadline)
        }
        defer { bson_free(text) }
        return text.map { String(cString: $0) }
    }

    private func failure(_ error: bson_error_t, _ deadline: Deadline) -> StoreFailure {
        switch (error.domain, error.code) {
        case (MONGOC_ERROR_CLIENT.rawValue, MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue),
            (MONGOC_ERROR_SERVER.rawValue, 18),
            (MONGOC_ERROR_SERVER.rawValue, 13):
            .authentication
        case (MONGOC_ERROR_SERVER.rawValue, let code): .notReady("code \(code)")
        case (MONGOC_ERROR_SERVER_SELECTION.rawValue, _), (MONGOC_ERROR_STREAM.rawValue, _):
            deadline.remainingMilliseconds <= 10 ? .timedOut(after: timeout) : .wrongServer
        case (MONGOC_ERROR_PROTOCOL.rawValue, _): .wrongServer
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
