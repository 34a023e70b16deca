import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Speaks JSON with a router or a server under test.
struct Client: Sendable {
    /// A reply, with its body read as JSON where it is some.
    struct Reply {
        let status: Int
        let headers: HTTPFields
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]) ?? [:]
        }
        var detail: String? { json["detail"] as? String }
        func string(_ key: String) -> String { json[key] as? String ?? "" }
        var items: [[String: Any]] { json["items"] as? [[String: Any]] ?? [] }
    }

    private let answer: @Sendable (HTTPRequest, ByteBuffer?) async throws -> Reply

    init<Responder: HTTPResponder>(_ responder: Responder)
    where Responder.Context: RequestContext, Responder.Context.Source == ApplicationRequestContextSource {
        answer = { head, body in try await respond(responder, to: head, body: body) }
    }

    func get(_ uri: String, token: String? = nil, headers: HTTPFields = [:]) async throws -> Reply {
        try await send(.get, uri, token: token, headers: headers)
    }

    func post(_ uri: String, _ json: String, token: String? = nil) async throws -> Reply {
        try await send(
            .post, uri, token: token, headers: [.contentType: "application/json"], body: ByteBuffer(string: json))
    }

    func upload(
        _ bytes: [UInt8], type: String = "application/zip", uri: String = "/api/code/upload-scan", token: String
    )
        async throws -> Reply
    {
        try await send(.post, uri, token: token, headers: [.contentType: type], body: ByteBuffer(bytes: bytes))
    }

    func send(
        _ method: HTTPRequest.Method, _ uri: String, token: String? = nil, headers: HTTPFields = [:],
        body: ByteBuffer? = nil
    ) async throws -> Reply {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if let body { headers[.contentLength] = String(body.readableBytes) }
        let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: uri, headerFields: headers)
        return try await answer(head, body)
    }
}
