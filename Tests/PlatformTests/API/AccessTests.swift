import CoreTypes
import HTTPTypes
import Platform
import Testing

@Suite("Who may call the API")
struct AccessTests {
    /// Each route with its parameters filled in.
    private static let routes = API.endpoints.map { endpoint in
        (endpoint, endpoint.path.replacing(":id", with: ScanID.random().description))
    }

    private static func isExempt(_ path: String) -> Bool {
        path.hasPrefix("/api/setup/") || path == "/api/health" || path.hasPrefix("/api/health/")
            || path == "/api/auth/login"
    }

    @Test("before setup is complete, every route but setup, health and sign-in answers 503 'setup required'")
    func gate() async throws {
        let bench = try Bench()
        let token = try bench.services.tokens.issue(for: "u")
        try await bench.api { client in
            for (endpoint, path) in Self.routes where !Self.isExempt(path) {
                let reply = try await client.send(endpoint.method, path, token: token)
                #expect(reply.status == 503 && reply.text == #"{"detail":"setup required"}"#, "\(endpoint.path)")
            }
            for path in ["/", "/api", "/api/nothing", "/api/setupfoo", "/api/auth/login/x/../../scans", "/api/healthy"]
            where !path.hasPrefix("/api/auth/login/") {
                #expect(try await client.get(path).status == 503, "\(path)")
            }
            #expect(try await client.get("/api/setup/status").status == 200)
            #expect(try await client.get("/api/health").status == 200)
            #expect(try await client.get("/api/health/ready").status == 200)
            #expect(try await client.post("/api/auth/login", #"{"username":"a","password":"b"}"#).status == 401)
        }
    }

    @Test("every route but setup, health and sign-in refuses who shows no valid token")
    func credentials() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let forger = AccessTokens(
            keys: SigningKeys(current: Secret(String(repeating: "z", count: 64), named: "SECRET_KEY")),
            clock: bench.time.clock)
        let forged = try forger.issue(for: user.id)
        let nobody = try bench.services.tokens.issue(for: "deleted")
        let authorizations = [
            nil, "", "Bearer", "Bearer ", "Bearer \(forged)", "Bearer \(nobody)", "Basic \(token)", token,
            "Bearer \(token)x",
        ]
        let guarded = Self.routes.filter { !Self.isExempt($0.1) }
        #expect(guarded.count >= 5)
        try await bench.api { client in
            for (endpoint, path) in guarded {
                for authorization in authorizations {
                    var headers = HTTPFields()
                    headers[.authorization] = authorization
                    let reply = try await client.send(endpoint.method, path, headers: headers)
                    #expect(reply.status == 401, "\(endpoint.path) with \(authorization ?? "nothing")")
                    #expect(reply.detail == "a valid access token or API key is required")
                    #expect(reply.headers[.wwwAuthenticate] == "Bearer")
                }
            }
        }
    }

    @Test("every route is reachable by whom the table says: somebody who signed in, or a key with the scope")
    func scopes() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        var keys: [APIKey.Scope: String] = [:]
        for scope in APIKey.Scope.allCases {
            let (key, text) = APIKey.new(of: user.id, named: "k", scopes: [scope], at: bench.time.now, until: nil)
            try await bench.store.add(key)
            keys[scope] = text
        }
        try await bench.api { [keys] client in
            for (endpoint, path) in Self.routes where !Self.isExempt(path) {
                #expect(endpoint.access != .anybody)
                let signedIn = try await client.send(endpoint.method, path, token: token)
                #expect(![401, 403, 405].contains(signedIn.status), "\(endpoint.path)")
                for (scope, text) in keys {
                    let reply = try await client.send(
                        endpoint.method, path, headers: [HTTPField.Name("X-API-Key")!: text])
                    let isAllowed = endpoint.access == .scope(scope)
                    #expect((reply.status == 403) == !isAllowed, "\(endpoint.path) with \(scope): \(reply.status)")
                }
            }
        }
    }

    @Test("a token that expired opens nothing")
    func expired() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await bench.api { [bench] (client) async throws in
            #expect(try await client.get("/api/scans", token: token).status == 200)
            bench.time.advance(by: AccessTokens.lifetime)
            #expect(try await client.get("/api/scans", token: token).status == 401)
        }
    }

    @Test("a scan of somebody else, of nobody, and a name that is no id are all 404, with the same words")
    func otherPeoplesScans() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let mine = try await bench.queuedScan(of: user.id)
        var theirs: [Scan] = []
        for kind in ScanKind.allCases {
            let scan = Scan(
                id: .random(), userID: "somebody", kind: kind, fileName: nil, uploadBytes: 1, createdAt: bench.time.now)
            try await bench.store.create(scan)
            theirs.append(scan)
        }
        try await bench.api { [theirs] client in
            #expect(try await client.get("/api/scans/\(mine.id)", token: token).status == 200)
            for id in theirs.map(\.id.description) + ["\(ScanID.random())", "x", "..%2f..%2fetc%2fpasswd", "%00"] {
                for endpoint in API.endpoints where endpoint.path.hasPrefix("/api/scans/:id") {
                    let path = endpoint.path.replacing(":id", with: id)
                    let reply = try await client.send(endpoint.method, path, token: token)
                    #expect(reply.status == 404 && reply.detail == "there is no such scan", "\(path)")
                }
            }
            for scan in theirs { #expect(try await bench.store.scan(scan.id) == scan) }
            let list = try await client.get("/api/scans", token: token)
            #expect(list.items.map { $0["scan_id"] as? String } == [mine.id.description])
        }
    }
}
