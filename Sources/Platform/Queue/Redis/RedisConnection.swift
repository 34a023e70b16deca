import CHiredis
import CoreTypes
import Glibc

/// One connection to Redis, signed in; it belongs to one thread at a time.
final class RedisConnection {
    private let context: UnsafeMutablePointer<redisContext>

    /// Each step, from connecting to the last byte of a reply, has its own end.
    init(to address: RedisAddress, connecting: Duration, answering: Duration) throws(RedisClient.Failure) {
        guard let context = redisConnectWithTimeout(address.host, address.port, timeval(connecting)) else {
            throw .unreachable("there is no memory for a connection")
        }
        self.context = context
        guard context.pointee.err == 0, redisSetTimeout(context, timeval(answering)) == REDIS_OK else {
            throw .unreachable("nobody answers at Redis' address")
        }
        if let password = address.password {
            try expectOK(["AUTH"] + (address.user.map { [$0] } ?? []) + [password.reveal()])
        }
        if address.database != 0 { try expectOK(["SELECT", "\(address.database)"]) }
    }

    deinit { redisFree(context) }

    /// Sends one command and reads its reply; after an error the connection is of no use.
    func run(_ words: [String]) throws(RedisClient.Failure) -> RedisReply {
        var words = words
        var lengths = words.map(\.utf8.count)
        let isAppended = Self.withPointers(&words) { pointers in
            redisAppendCommandArgv(context, Int32(lengths.count), &pointers, &lengths) == REDIS_OK
        }
        var raw: UnsafeMutableRawPointer?
        guard isAppended, redisGetReply(context, &raw) == REDIS_OK, let raw else { throw Self.broken(context) }
        defer { freeReplyObject(raw) }
        return RedisReply(UnsafePointer(raw.assumingMemoryBound(to: redisReply.self)))
    }

    private func expectOK(_ words: [String]) throws(RedisClient.Failure) {
        if case .error(let code) = try run(words) { throw RedisClient.Failure(code: code) }
    }

    /// hiredis copies the words while it is called; their storage need not outlive that.
    private static func withPointers<Result>(
        _ words: inout [String], _ body: (inout [UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        // A word with a NUL inside would be cut by strdup; none of ours has one, payloads are names of folders.
        var pointers = copies.map { UnsafePointer($0) }
        return body(&pointers)
    }

    private static func broken(_ context: UnsafeMutablePointer<redisContext>) -> RedisClient.Failure {
        let isTimeout = context.pointee.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)
        return .unreachable(isTimeout ? "Redis did not answer in time" : "the connection to Redis broke")
    }
}

extension timeval {
    fileprivate init(_ span: Duration) {
        let (seconds, attoseconds) = span.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
