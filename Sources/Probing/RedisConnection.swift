import CHiredis
import CoreTypes
import Glibc

/// A connection to Redis with one deadline for everything said on it.
struct RedisConnection {
    private let context: UnsafeMutablePointer<redisContext>
    private let deadline: Deadline

    enum Reply: Equatable {
        case status(String)
        /// The first word of an error, which is its code; the rest may quote what we sent.
        case error(String)
        case text(String)
        case other
    }

    init(_ endpoint: Endpoint, deadline: Deadline) throws(StoreFailure) {
        guard let context = redisConnectNonBlock(endpoint.address, Int32(clamping: endpoint.port)) else {
            throw .unreachable(errno: ENOMEM)
        }
        self.context = context
        self.deadline = deadline
        do throws(StoreFailure) {
            if context.pointee.err != 0 { throw StoreFailure(errno: errno) }
            try deadline.wait(for: context.pointee.fd, POLLOUT)
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &error, &size)
            if error != 0 { throw StoreFailure(errno: error) }
        } catch {
            redisFree(context)
            throw error
        }
    }

    func close() { redisFree(context) }

    func ask(_ words: String...) throws(StoreFailure) -> Reply { try ask(words) }

    /// Sends one command and waits for its reply.
    func ask(_ words: [String]) throws(StoreFailure) -> Reply {
        let bytes = words.map { Array($0.utf8CString) }
        var pointers = bytes.map { word in UnsafePointer(strdup(word)) }
        defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
        var lengths = words.map { $0.utf8.count }
        guard redisAppendCommandArgv(context, Int32(words.count), &pointers, &lengths) == REDIS_OK else {
            throw failure()
        }
        var isSent: Int32 = 0
        while isSent == 0 {
            try deadline.wait(for: context.pointee.fd, POLLOUT)
            guard redisBufferWrite(context, &isSent) == REDIS_OK else { throw failure() }
        }
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisGetReplyFromReader(context, &reply) == REDIS_OK else { throw failure() }
            if let reply {
                defer { freeReplyObject(reply) }
                return Self.read(reply.assumingMemoryBound(to: redisReply.self).pointee)
            }
            try deadline.wait(for: context.pointee.fd, POLLIN)
            guard redisBufferRead(context) == REDIS_OK else { throw failure() }
        }
    }

    private static func read(_ reply: redisReply) -> Reply {
        let text = reply.str.map { start in
            String(decoding: UnsafeRawBufferPointer(start: start, count: Int(reply.len)), as: UTF8.self)
        }
        switch (reply.type, text) {
        case (REDIS_REPLY_STATUS, let text?): return .status(text)
        case (REDIS_REPLY_ERROR, let text?):
            return .error(String(text.prefix { $0.isASCII && $0.isLetter }.prefix(32)))
        case (REDIS_REPLY_STRING, let text?): return .text(text)
        default: return .other
        }
    }

    private func failure() -> StoreFailure {
        switch context.pointee.err {
        case REDIS_ERR_EOF: .closed
        case REDIS_ERR_PROTOCOL: .wrongServer
        case REDIS_ERR_IO: StoreFailure(errno: errno)
        default: .unreachable(errno: 0)
        }
    }
}
