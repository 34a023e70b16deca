import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Synchronization

/// Answers requests inside this process, without a socket. Hummingbird's own test library does the same, and brings an
/// HTTP client with a TLS library that would be a third of our debug build.
func respond<Responder: HTTPResponder>(
    _ responder: Responder, to head: HTTPRequest, body: ByteBuffer?
) async throws -> Client.Reply
where Responder.Context: RequestContext, Responder.Context.Source == ApplicationRequestContextSource {
    let source = ApplicationRequestContextSource(channel: NIOAsyncTestingChannel(), logger: .silent)
    let (stream, feed) = RequestBody.makeStream()
    let context = Responder.Context(source: source)
    async let response = responder.respond(to: Request(head: head, body: stream), context: context)
    // In pieces, as a connection delivers them; a responder that stops reading must not be waited for.
    var rest = body ?? ByteBuffer()
    let feeding = Task {
        while let piece = rest.readSlice(length: min(32 * 1024, rest.readableBytes)), piece.readableBytes > 0 {
            await feed.yield(piece)
        }
        feed.finish()
    }
    defer { feeding.cancel() }
    let answered: Response
    do { answered = try await response } catch let error as any HTTPResponseError {
        answered = try error.response(from: Request(head: head, body: .init(buffer: ByteBuffer())), context: context)
    }
    let written = Written()
    try await answered.body.write(written)
    return Client.Reply(status: answered.status.code, headers: answered.headers, bytes: written.bytes.withLock { $0 })
}

/// Serves a router on a loopback port of its own while `body` runs.
func serve<Context: RequestContext, Value: Sendable>(
    _ router: Router<Context>, _ body: @escaping @Sendable (_ port: Int) async throws -> Value
) async throws -> Value where Context.Source == ApplicationRequestContextSource {
    let (ports, announce) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { announce.yield($0.localAddress?.port ?? 0) }, logger: .silent)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        defer { group.cancelAll() }
        var iterator = ports.makeAsyncIterator()
        return try await body(await iterator.next() ?? 0)
    }
}

/// Collects a response body.
final class Written: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])
    let isFinished = Mutex(false)

    func write(_ buffer: ByteBuffer) async throws {
        bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws { isFinished.withLock { $0 = true } }
}
