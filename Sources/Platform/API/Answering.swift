import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// The outermost layer: names the request, and turns every error into a JSON reply without details of ours.
struct Answering: RouterMiddleware {
    private static let field = HTTPField.Name("X-Request-ID")!
    let logger: Logger

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.validated(request.headers[Self.field]) ?? hexadecimal(Random.bytes(8))
        context.logger = logger
        context.logger[metadataKey: "request"] = "\(context.requestID)"
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPParserError {
            // The bytes on the connection make no sense: Hummingbird answers 400 and closes it.
            throw error
        } catch {
            response = try answer(error, to: request, context)
        }
        response.headers[Self.field] = context.requestID
        for field in context.standings.reported?.headers ?? [:] { response.headers[field.name] = field.value }
        // A body that a client of HEAD does not expect would be read as the beginning of the next reply.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ error: any Error, to request: Request, _ context: APIContext) throws -> Response {
        // The query is left out: it is the client's, and may hold what should not be kept.
        let place: Logger.Metadata = ["method": "\(request.method)", "path": "\(request.uri.path)"]
        // The router knows no method of a path but those of its routes.
        let methods = (error as? HTTPError)?.status == .notFound ? API.methods(at: request.uri.path) : []
        if !methods.isEmpty { return try JSON.reply(.methodNotAllowed(methods)) }
        guard let refusal = Refusal(error) else {
            context.logger.error(
                "A request failed in a way nobody foresaw.", metadata: place.merging(["error": "\(error)"]) { $1 })
            let detail = "the server failed; its log tells more about request \(context.requestID)"
            return try JSON.reply(Refusal(.internalServerError, detail))
        }
        if refusal.status.kind == .serverError, refusal.status != Refusal.setupRequired.status {
            context.logger.error(
                "A request could not be served.", metadata: place.merging(["error": "\(error)"]) { $1 })
        }
        return try JSON.reply(refusal)
    }

    /// A client's name for its request goes to our logs, so only a small alphabet passes.
    static func validated(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count) else { return nil }
        let isPlain = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || "._-".utf8.contains($0)
        }
        return isPlain ? text : nil
    }
}
