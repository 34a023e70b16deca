import CoreTypes
import Synchronization

/// Runs commands on pooled connections, on threads of its own. No error of it ever holds the connection string.
final class RedisClient: Sendable {
    /// What the server, or the way to it, refused.
    enum Failure: Error {
        case unreachable(String)
        /// Its memory is full.
        case full
        /// The command itself is wrong; with Redis' own word.
        case refused(code: String)

        init(code: String) {
            self =
                switch code {
                case "OOM": .full
                case "NOAUTH", "WRONGPASS", "NOPERM":
                    .unreachable("Redis refuses our user or password, or the user may not do this")
                case "LOADING", "MASTERDOWN", "READONLY", "MISCONF", "BUSY":
                    .unreachable("Redis cannot serve now (\(code))")
                default: .refused(code: code)
                }
        }
    }

    private static let connectLimit: Duration = .seconds(2)

    private let address: RedisAddress
    private let threads: DriverThreads
    private let answerLimit: Duration
    private let outage = Outage<Failure>()
    private let idle = Mutex(Idle())

    /// Does not connect yet: a queue that is down at start is no reason to refuse to start.
    init(_ url: Secret, threads: Int = 6, answering limit: Duration = .seconds(5)) throws(OperatorError) {
        BrokenPipes.areErrors
        address = try RedisAddress(url)
        self.threads = DriverThreads(threads)
        answerLimit = limit
    }

    /// The reply to a command; it is sent again when the connection broke, so it must be safe to repeat.
    func run(_ words: [String]) async throws -> RedisReply {
        try await threads.run { [self] in try attempt { (connection) throws(Failure) in try connection.run(words) } }
    }

    /// Runs a script by its digest; Redis is given the text only when it does not know it.
    func run(_ script: RedisScript, keys: [String], _ arguments: [String]) async throws -> RedisReply {
        let rest = ["\(keys.count)"] + keys + arguments
        return try await threads.run { [self] in
            try attempt { (connection) throws(Failure) in
                let reply = try connection.run(["EVALSHA", script.digest] + rest)
                guard reply == .error(code: "NOSCRIPT") else { return reply }
                return try connection.run(["EVAL", script.text] + rest)
            }
        }
    }

    /// Once with a connection that was used before, which a restart of Redis may have ended, and then with a new one.
    /// A Redis that is silent is not asked a second time.
    private func attempt(_ work: (RedisConnection) throws(Failure) -> RedisReply) throws(Failure) -> RedisReply {
        // On the thread, not before: what waits for a thread hears of the outage as soon as it has one.
        try outage.check()
        do throws(Failure) {
            if let used = take() {
                let start = ContinuousClock.now
                do throws(Failure) { return try finish(try work(used), used) } catch {
                    guard case .unreachable = error, ContinuousClock.now - start < .seconds(1) else { throw error }
                }
            }
            let fresh = try RedisConnection(to: address, connecting: Self.connectLimit, answering: answerLimit)
            let reply = try finish(try work(fresh), fresh)
            outage.ended()
            return reply
        } catch {
            if case .unreachable = error { outage.began(error) }
            throw error
        }
    }

    private func finish(_ reply: RedisReply, _ connection: RedisConnection) throws(Failure) -> RedisReply {
        idle.withLock { $0.connections.append(connection) }
        if case .error(let code) = reply { throw Failure(code: code) }
        return reply
    }

    private func take() -> RedisConnection? {
        idle.withLock { $0.connections.popLast() }
    }

    /// A connection is in here, or in the hands of one thread.
    private struct Idle: @unchecked Sendable {
        var connections: [RedisConnection] = []
    }
}
