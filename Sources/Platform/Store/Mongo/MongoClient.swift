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

    private struct Question: Hashable {
        let command: [UInt8]
        let database: String
    }

    private let server: Server
    private let reads: SharedReads<Question, BSONDocument>

    /// Does not connect yet: a database that is down at start is no reason to refuse to start.
    init(_ url: Secret) throws(OperatorError) {
        BrokenPipes.areErrors
        guard cmongoc_load() else {
            throw OperatorError(
                doing: "use the database", because: Self.noDriver, next: "apt-get install libmongoc-1.0-0")
        }
        guard let uri = cmongoc_uri_parse(url.reveal()) else {
            throw OperatorError(
                doing: "use the database", because: "the credential \(url.name) is no MongoDB connection string",
                next: "write it as mongodb://user:password@host:27017/?authSource=admin", exit: .usage)
        }
        defer { cmongoc_uri_destroy(uri) }
        cmongoc_uri_limit(uri, Self.connectLimit, Self.connectLimit, Self.answerLimit)
        guard let pool = cmongoc_pool_open(uri, Int32(Self.connections)) else {
            throw OperatorError(
                doing: "use the database", because: "the driver cannot use the options in the credential \(url.name)",
                exit: .usage)
        }
        let server = Server(pool: Pool(pool: pool))
        self.server = server
        reads = SharedReads { try await server.run($0.command, in: $0.database, tolerating: nil) }
    }

    /// The reply to a command that changes nothing; several who ask the same at once share it.
    func read(_ command: BSONDocument, in database: String) async throws -> BSONDocument {
        try await reads.answer(to: Question(command: command.encoded(), database: database))
    }

    /// The reply to a command that succeeded; a write error with the code `tolerated` counts as success.
    ///
    /// Commands must be safe to repeat: one that was cut off is sent again, so that a database that was restarted costs
    /// no request.
    func run(_ command: BSONDocument, in database: String, tolerating tolerated: Int? = nil) async throws
        -> BSONDocument
    {
        try await server.run(command.encoded(), in: database, tolerating: tolerated)
    }

    /// The server, and the threads that may wait for it.
    private struct Server {
        let pool: Pool
        let threads = DriverThreads(connections)
        let outage = Outage<Failure>()

        func run(_ command: [UInt8], in database: String, tolerating tolerated: Int?) async throws -> BSONDocument {
            try await threads.run {
                // On the thread, not before: what waits for a thread hears of the outage as soon as it has one.
                try outage.check()
                do throws(Failure) {
                    let reply = try runAgain(command, in: database, tolerated)
                    outage.ended()
                    return reply
                } catch {
                    if case .unreachable = error { outage.began(error) }
                    throw error
                }
            }
        }

        /// Once with a connection that a restart of the server may have ended, and then once more; a server that is silent
        /// is not asked a second time.
        private func runAgain(_ command: [UInt8], in database: String, _ tolerated: Int?) throws(Failure)
            -> BSONDocument
        {
            let start = ContinuousClock.now
            do throws(Failure) { return try runOnce(command, in: database, tolerated) } catch {
                guard case .unreachable = error, ContinuousClock.now - start < .seconds(1) else { throw error }
                return try runOnce(command, in: database, tolerated)
            }
        }

        private func runOnce(_ command: [UInt8], in database: String, _ tolerated: Int?) throws(Failure)
            -> BSONDocument
        {
            guard let client = cmongoc_pool_pop(pool.pool) else {
                throw .unreachable("the driver has no connection")
            }
            defer { cmongoc_pool_push(pool.pool, client) }
            return try MongoClient.run(command, in: database, with: client, tolerating: tolerated)
        }
    }

    /// The reply to one command; blocks for as long as the client's limits allow.
    static func run(_ command: [UInt8], in database: String, with client: OpaquePointer, tolerating tolerated: Int?)
        throws(Failure) -> BSONDocument
    {
        var error = cmongoc_error()
        var bytes: UnsafeMutablePointer<UInt8>?
        var length: UInt32 = 0
        let succeeded = cmongoc_run(client, database, command, command.count, &bytes, &length, &error)
        defer { cmongoc_free(bytes) }
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
    private static func failure(_ error: cmongoc_error) -> Failure {
        switch (error.cause, error.code) {
        case (CMONGOC_AUTHENTICATION, _), (CMONGOC_SERVER, 18), (CMONGOC_SERVER, 13):
            .unreachable("MongoDB refuses our user or password, or the user may not do this")
        // Shutting down, starting, not the primary: the server says that it cannot serve now.
        case (CMONGOC_SERVER, let code) where [91, 11600, 11602, 10107, 13435, 189, 13436].contains(code):
            .unreachable("MongoDB cannot serve now (code \(code))")
        case (CMONGOC_SERVER, let code): .server(code: Int(code))
        case (CMONGOC_SELECTION, _): .unreachable("nobody answers at MongoDB's address")
        case (CMONGOC_STREAM, _): .unreachable("the connection to MongoDB broke")
        default: .unreachable("the MongoDB driver failed (domain \(error.domain), code \(error.code))")
        }
    }

    static let noDriver = "\(CMONGOC_LIBRARY), which talks to MongoDB, is not installed here or is another version's"

    private final class Pool: @unchecked Sendable {
        // The driver's pool is made for several threads; the clients in it are not, and leave `runOnce` never.
        let pool: OpaquePointer

        init(pool: OpaquePointer) { self.pool = pool }

        deinit { cmongoc_pool_close(pool) }
    }
}
