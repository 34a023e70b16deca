import HTTPTypes
import Platform
import Testing

@Suite("API keys")
struct KeyTests {
    private static func header(_ key: String) -> HTTPFields { [HTTPField.Name("X-API-Key")!: key] }

    @Test("a key is shown once, works with its scopes only, and is kept as its digest")
    func scopes() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.api { (client) async throws in
            let made = try await client.post("/api/keys", #"{"name":"CI","scopes":["scans:read"]}"#, token: token)
            #expect(made.status == 201)
            let text = made.string("key")
            #expect(text.hasPrefix("osk_") && text.count == 47)
            let key = Self.header(text)
            #expect(try await client.get("/api/scans/\(scan.id)", headers: key).status == 200)
            let upload = try await client.send(.post, "/api/code/upload-scan", headers: key)
            #expect(upload.status == 403 && upload.detail == "the API key lacks the scope scans:write")
            let list = try await client.get("/api/keys", token: token)
            #expect(list.items.map { $0["name"] as? String } == ["CI"] && !list.text.contains(text))
            let stored = try await bench.store.apiKeys(of: user.id)
            #expect(stored.map(\.digest) == [APIKey.digest(of: text)])
            // A key makes, lists, rotates and revokes no keys.
            for (method, path) in [
                (HTTPRequest.Method.get, "/api/keys"), (.post, "/api/keys"), (.delete, "/api/keys/\(stored[0].id)"),
                (.post, "/api/keys/\(stored[0].id)/rotate"),
            ] { #expect(try await client.send(method, path, headers: key).status == 403) }
        }
    }

    @Test("a key that ended, was revoked or never was opens nothing, and an invalid key beats a valid token")
    func invalid() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await bench.api { (client) async throws in
            let made = try await client.post(
                "/api/keys", #"{"name":"a","scopes":["scans:read","scans:write"],"expires_in_days":1}"#, token: token)
            let key = Self.header(made.string("key"))
            #expect(try await client.get("/api/scans", headers: key).status == 200)
            for text in ["", "osk_", made.string("key") + "x", String(repeating: "osk_", count: 1000)] {
                let refused = try await client.get("/api/scans", token: token, headers: Self.header(text))
                #expect(refused.status == 401)
            }
            let other = try await client.post("/api/keys", #"{"name":"b","scopes":["scans:read"]}"#, token: token)
            #expect(try await client.send(.delete, "/api/keys/\(other.string("id"))", token: token).status == 204)
            #expect(try await client.send(.delete, "/api/keys/\(other.string("id"))", token: token).status == 404)
            #expect(try await client.get("/api/scans", headers: Self.header(other.string("key"))).status == 401)
            bench.time.advance(by: .seconds(86_400))
            #expect(try await client.get("/api/scans", headers: key).status == 401)
        }
    }

    @Test("a rotated key works for its grace beside the new one, and not a moment longer")
    func rotation() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        try await bench.api { (client) async throws in
            let old = try await client.post(
                "/api/keys", #"{"name":"a","scopes":["scans:read"],"expires_in_days":10}"#, token: token)
            bench.time.advance(by: .seconds(86_400))
            let token = try bench.services.tokens.issue(for: user.id)
            let new = try await client.post(
                "/api/keys/\(old.string("id"))/rotate", #"{"grace_seconds":60}"#, token: token)
            #expect(new.status == 201 && new.string("name") == "a" && new.string("key") != old.string("key"))
            #expect(new.string("expires_at") == "2023-11-25T22:13:20.000Z")
            #expect(try await client.get("/api/scans", headers: Self.header(old.string("key"))).status == 200)
            #expect(try await client.get("/api/scans", headers: Self.header(new.string("key"))).status == 200)
            bench.time.advance(by: .seconds(60))
            #expect(try await client.get("/api/scans", headers: Self.header(old.string("key"))).status == 401)
            #expect(try await client.get("/api/scans", headers: Self.header(new.string("key"))).status == 200)
            let again = try await client.post("/api/keys/\(old.string("id"))/rotate", "{}", token: token)
            #expect(again.status == 404)
        }
    }

    @Test(
        "a key that is asked for wrongly is refused with what would do",
        arguments: [
            #"{"name":"","scopes":["scans:read"]}"#, #"{"name":"a\u0007","scopes":["scans:read"]}"#,
            #"{"name":"a","scopes":[]}"#, #"{"name":"a","scopes":["scans:read","root"]}"#,
            #"{"name":"a","scopes":["scans:read"],"expires_in_days":0}"#,
            #"{"name":"a","scopes":["scans:read"],"expires_in_days":9999999999}"#,
        ])
    func badRequests(body: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let reply = try await bench.api { try await $0.post("/api/keys", body, token: token) }
        #expect(reply.status == 400 && reply.detail != nil)
        #expect(try await bench.store.apiKeys(of: user.id).isEmpty)
    }
}
