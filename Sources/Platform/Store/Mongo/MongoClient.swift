import CMongoc
import CoreTypes

/// Runs commands on pooled connections, on threads of its own. No error of it ever holds the connection string.
final class MongoClient: Sendable {
    /// What the server, or the way to it, refused.
    enum Failure: Error {
        /// The server's own code: 11000 is a duplicate key.
        case server(code: Int)
        case unreachable(String)
    }

    /// As many as threads: nobody ever waits for a connection.
    private static let connections = 8
    private static let connectLimit: Int32 = 2000
    private static let answerLimit: Int32 = 8000

    private let pool: Pool
    private let threads = DriverThreads(connections)
    private let outage = Outage<Failure>()

    /// Does not connect yet: a database that is down at start is no reason to refuse to start.
    init(_ url: Secret) throws(OperatorError) {
        Self.prepare
        var error = bson_error_t()
        guard let uri = mongoc_uri_new_with_error(url.reveal(), &error) else {
            throw OperatorError(
                doing: "use the database", because: "the credential \(url.name) is no MongoDB connection string",
                next: "write it as mongodb://user:password@host:27017/?authSource=admin", exit: .usage)
        }
        defer { mongoc_uri_destroy(uri) }
        for (name, limit) in [
            (MONGOC_URI_CONNECTTIMEOUTMS, Self.connectLimit), (MONGOC_URI_SERVERSELECTIONTIMEOUTMS, Self.connectLimit),
            (MONGOC_URI_SOCKETTIMEOUTMS, Self.answerLimit), (MONGOC_URI_MAXPOOLSIZE, Int32(Self.connections)),
        ] { mongoc_uri_set_option_as_int32(uri, name, limit) }
        guard let pool = mongoc_client_pool_new(uri) else {
            throw OperatorError(
                doing: "use the database", because: "the driver cannot use the options in the credential \(url.name)",
                exit: .usage)
        }
        mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2)
        self.pool = Pool(pool: pool)
    }

    /// The reply to a command that succeeded; a write error with the code `tolerated` counts as success.
    ///
    /// Commands must be safe to repeat: one that was cut off is sent again, so that a database that was restarted costs
    /// no request.
    func run(_ command: BSONDocument, in database: String, tolerating tolerated: Int? = nil) async throws
        -> BSONDocument
    {
        let bytes = command.encoded()
        return try await threads.run { [pool, outage] in
            // On the thread, not before: what waits for a thread hears of the outage as soon as it has one.
            try outage.check()
            let start = ContinuousClock.now
            do throws(Failure) {
                let reply: BSONDocument
                do throws(Failure) { reply = try Self.runOnce(bytes, in: database, pool, tolerated) } catch {
                    guard case .unreachable = error, ContinuousClock.now - start < .seconds(1) else { throw error }
                    reply = try Self.runOnce(bytes, in: database, pool, tolerated)
                }
                outage.ended()
                return reply
            } catch {
                if case .unreachable = error { outage.began(error) }
                throw error
            }
        }
    }

    private static func runOnce(_ command: [UInt8], in database: String, _ pool: Pool, _ tolerated: Int?)
        throws(Failure) -> BSONDocument
    {
        guard let client = mongoc_client_pool_pop(pool.pool) else { throw .unreachable("the driver has no connection") }
        defer { mongoc_client_pool_push(pool.pool, client) }
        return try run(command, in: database, with: client, tolerating: tolerated)
    }

    /// The reply to one command; blocks for as long as the client's limits allow.
    static func run(_ command: [UInt8], in database: String, with client: OpaquePointer, tolerating tolerated: Int?)
        throws(Failure) -> BSONDocument
    {
        var error = bson_error_t()
        var bytes: UnsafeMutablePointer<UInt8>?
        var length: UInt32 = 0
        let succeeded = cmongoc_run(client, database, command, command.count, &bytes, &length, &error)
        defer { bson_free(bytes) }
        guard succeeded else { throw failure(error) }
        guard let bytes, let reply = BSONDocument(UnsafeRawBufferPointer(start: bytes, count: Int(length))) else {
            throw .unreachable("its reply is not readable")
        }
        // A write that was refused is reported inside of a reply that says ok.
        for refused in reply["writeErrors"]?.array ?? [] {
            let code = Int(refused.document?["code"]?.int ?? 0)
            if code != tolerated { throw .server(code: code) }
        }
        if let concern = reply["writeConcernError"]?.document {
            throw .unreachable("it could not make a write durable (code \(concern["code"]?.int ?? 0))")
        }
        return reply
    }

    /// The driver's texts may quote what was sent: only its numbers are passed on.
    private static func failure(_ error: bson_error_t) -> Failure {
        switch (error.domain, error.code) {
        case (MONGOC_ERROR_CLIENT.rawValue, MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue),
            (MONGOC_ERROR_SERVER.rawValue, 18),
            (MONGOC_ERROR_SERVER.rawValue, 13):
            .unreachable("MongoDB refuses our user or password, or the user may not do this")
        // Shutting down, starting, not the primary: the server says that it cannot serve now.
        case (MONGOC_ERROR_SERVER.rawValue, let code) where [91, 11600, 11602, 10107, 13435, 189, 13436].contains(code):
            .unreachable("MongoDB cannot serve now (code \(code))")
        case (MONGOC_ERROR_SERVER.rawValue, let code): .server(code: Int(code))
        case (MONGOC_ERROR_SERVER_SELECTION.rawValue, _): .unreachable("nobody answers at MongoDB's address")
        case (MONGOC_ERROR_STREAM.rawValue, _): .unreachable("the connection to MongoDB broke")
        case (let domain, let code): .unreachable("the MongoDB driver failed (domain \(domain), code \(code))")
        }
    }

    /// The driver's own log goes to standard error, and may quote what a server sent.
    static let prepare: Void = {
        BrokenPipes.areErrors
        mongoc_init()
        mongoc_log_set_handler(nil, nil)
    }()

    private final class Pool: @unchecked Sendable {
        // The driver's pool is made for several threads; the clients in it are not, and leave `runOnce` never.
        let pool: OpaquePointer

        init(pool: OpaquePointer) { self.pool = pool }

        deinit { mongoc_client_pool_destroy(pool) }
    }
}
