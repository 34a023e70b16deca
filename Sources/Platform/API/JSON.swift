import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// JSON in and out: snake_case on the wire, bodies bounded, every reply uncached.
enum JSON {
    /// No JSON request of this API is anywhere near this size.
    static let largestBody = 64 * 1024

    static func reply(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        reply(encoded: try encoded(value), status: status, headers: headers)
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static func reply(encoded data: Data, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var fields = headers
        fields[.contentType] = "application/json"
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    static func reply(_ refusal: Refusal) throws -> Response {
        try reply(Detail(detail: refusal.detail), status: refusal.status, headers: refusal.headers)
    }

    /// The body of a request; what is wrong with it is said in one sentence without repeating its values.
    static func body<Value: Decodable>(_ type: Value.Type, of request: Request) async throws -> Value {
        let buffer = try await request.body.collect(upTo: largestBody)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(buffer.readableBytesView))
        } catch DecodingError.keyNotFound(let key, _) {
            throw Refusal(.badRequest, "the field '\(snakeCase(key.stringValue))' is missing")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let field = context.codingPath.last.map { "the field '\(snakeCase($0.stringValue))'" } ?? "the body"
            throw Refusal(.badRequest, "\(field) has the wrong type")
        } catch is DecodingError {
            throw Refusal(.badRequest, "the body is not JSON")
        }
    }

    private struct Detail: Encodable {
        let detail: String
    }

    private static func snakeCase(_ key: String) -> String {
        key.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}
