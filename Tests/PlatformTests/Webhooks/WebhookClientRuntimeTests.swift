import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Platform

@Suite("Posting to webhooks (runtime)", .serialized)
struct WebhookClientRuntimeTests {
    private static let loopback = WebhookClient(AddressRule(allowing: [IPRange("127.0.0.0/8")!]))

    /// Paths that were called, with what came.
    private final class Calls: Sendable {
        let all = Mutex<[(path: String, body: String, headers: HTTPFields)]>([])
        var paths: [String] { all.withLock { $0.map(\.path) } }
    }

    /// A receiver on loopback: `/redirect?to=…` redirects, `/status/N` answers N, `/long` answers a lot.
    private func receiver<Value: Sendable>(_ body: @escaping @Sendable (_ port: Int, Calls) async throws -> Value)
        async throws -> Value
    {
        let calls = Calls()
        let router = Router(context: BasicRequestContext.self)
        for path in ["/redirect", "/status/:code", "/long", "/plain", "/loop"] as [RouterPath] {
            router.post(path) { request, context -> Response in
                let text = String(buffer: try await request.body.collect(upTo: 1 << 20))
                calls.all.withLock { $0.append((request.uri.path, text, request.headers)) }
                if request.uri.path == "/loop" {
                    return Response(status: .temporaryRedirect, headers: [.location: "/loop"])
                }
                if let to = request.uri.queryParameters["to"] {
                    return Response(status: .temporaryRedirect, headers: [.location: String(to)])
                }
                if let code = context.parameters.get("code", as: Int.self) {
                    return Response(status: .init(code: code))
                }
                let long = request.uri.path == "/long" ? 1 << 20 : 2
                return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 65, count: long)))
            }
        }
        return try await serve(router) { port in try await body(port, calls) }
    }

    private func post(_ url: String, by client: WebhookClient = loopback) async throws -> WebhookClient.Outcome {
        try await client.post(Array(#"{"a":1}"#.utf8), to: url, headers: [("X-Test", "yes")])
    }

    @Test("a post arrives with its body and headers, and its answer's status comes back, however long the answer is")
    func arrives() async throws {
        try await receiver { port, calls in
            #expect(try await post("http://127.0.0.1:\(port)/plain") == .answered(200))
            #expect(try await post("http://127.0.0.1:\(port)/long") == .answered(200))
            #expect(try await post("http://127.0.0.1:\(port)/status/418") == .answered(418))
            let first = try #require(calls.all.withLock { $0.first })
            #expect(first.body == #"{"a":1}"# && first.headers[HTTPField.Name("X-Test")!] == "yes")
            #expect(first.headers[.contentType] == "application/json")
        }
    }

    @Test("an address of the host's own is refused before anything is sent, by number, by name, and as IPv6")
    func refused() async throws {
        try await receiver { port, calls in
            let strict = WebhookClient(AddressRule())
            for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
                let outcome = try await post("http://\(host):\(port)/plain", by: strict)
                #expect(outcome == .failed("its address is not a public one"), "\(host)")
            }
            #expect(calls.paths.isEmpty)
        }
    }

    @Test("a redirect is followed with the body, and judged as the first address was: every hop, each time")
    func redirects() async throws {
        try await receiver { port, calls in
            let here = "http://127.0.0.1:\(port)"
            #expect(try await post("\(here)/redirect?to=/plain") == .answered(200))
            #expect(calls.all.withLock { $0.map(\.body) } == [#"{"a":1}"#, #"{"a":1}"#])
            // 127.0.0.2 is not in the range that is allowed here.
            let narrow = WebhookClient(AddressRule(allowing: [IPRange("127.0.0.1/32")!]))
            for target in [
                "http://127.0.0.2:\(port)/plain", "http://169.254.169.254/latest/meta-data/", "http://[::1]:\(port)/",
            ] {
                let escaped = target.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                let outcome = try await post("\(here)/redirect?to=\(escaped)", by: narrow)
                #expect(outcome == .failed("its address is not a public one"), "\(target)")
            }
            #expect(calls.paths.filter { $0 != "/redirect" } == ["/plain"])
            for scheme in ["file:///etc/passwd", "gopher://127.0.0.1/"] {
                let escaped = scheme.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                guard case .failed = try await post("\(here)/redirect?to=\(escaped)") else {
                    Issue.record("\(scheme) was followed")
                    continue
                }
            }
            #expect(try await post("\(here)/loop") == .failed("it redirects more than 3 times"))
        }
    }

    @Test("a proxy of the environment is not used: it would make the connection in our place")
    func noProxy() async throws {
        try await receiver { port, calls in
            setenv("http_proxy", "http://127.0.0.1:\(port)", 1)
            setenv("all_proxy", "http://127.0.0.1:\(port)", 1)
            defer {
                unsetenv("http_proxy")
                unsetenv("all_proxy")
            }
            let outcome = try await post("http://169.254.169.254/plain", by: WebhookClient(AddressRule()))
            #expect(outcome == .failed("its address is not a public one") && calls.paths.isEmpty)
        }
    }

    @Test("nobody there, a name that is none, and a server without a valid certificate are sentences")
    func failures() async throws {
        let closed = try freePort()
        #expect(try await post("http://127.0.0.1:\(closed)/") == .failed("nobody answers at its address"))
        #expect(try await post("http://nowhere.invalid/") == .failed("its name is not known"))
        try await receiver { port, _ in
            guard case .failed = try await post("https://127.0.0.1:\(port)/plain") else {
                Issue.record("a server without TLS was taken for one")
                return
            }
        }
    }
}
