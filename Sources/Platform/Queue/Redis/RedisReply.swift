import CHiredis

/// What Redis answered.
enum RedisReply: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case list([RedisReply])
    case null
    /// The first word of an error, which is its code; the rest may quote what we sent.
    case error(code: String)

    init(_ reply: UnsafePointer<redisReply>) {
        switch reply.pointee.type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .text(Self.text(reply))
        case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
        case REDIS_REPLY_ARRAY:
            self = .list(
                UnsafeBufferPointer(start: reply.pointee.element, count: Int(reply.pointee.elements)).map { element in
                    element.map { RedisReply($0) } ?? .null
                })
        case REDIS_REPLY_ERROR: self = .error(code: String(Self.text(reply).prefix { $0 != " " }.prefix(32)))
        default: self = .null
        }
    }

    private static func text(_ reply: UnsafePointer<redisReply>) -> String {
        guard let start = reply.pointee.str else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(reply.pointee.len)), as: UTF8.self)
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    var list: [RedisReply]? { if case .list(let values) = self { values } else { nil } }
}
