import Platform
import Testing

@Suite("Setup and sign-in")
struct SetupTests {
    private let bench: Bench
    init() throws { bench = try Bench() }

    private static let token = #""setup_token":"\#(Bench.setupToken)""#

    @Test("whoever holds the setup token names the administrator, completes setup and signs in")
    func firstRun() async throws {
        try await bench.api { client in
            let before = try await client.get("/api/setup/status")
            #expect(before.text == #"{"administrator":false,"complete":false}"#)
            let named = try await client.post(
                "/api/setup/administrator", #"{\#(Self.token),"username":"ada","password":"analytical engine"}"#)
            #expect(named.status == 201 && named.string("username") == "ada")
            #expect(try await client.post("/api/setup/complete", "{\(Self.token)}").status == 200)
            #expect(
                try await client.get("/api/setup/status").text == #"{"administrator":true,"complete":true}"#)

            let login = try await client.post("/api/auth/login", #"{"username":"ada","password":"analytical engine"}"#)
            #expect(login.status == 200 && login.string("token_type") == "bearer")
            #expect(login.json["expires_in"] as? Int == 28800)
            let me = try await client.get("/api/auth/me", token: login.string("access_token"))
            #expect(me.string("username") == "ada" && me.string("role") == "administrator")
        }
    }

    @Test("without an administrator step, 'admin' signs in with the generated password")
    func defaultAdministrator() async throws {
        try await bench.api { client in
            #expect(try await client.post("/api/setup/complete", "{\(Self.token)}").status == 200)
            let login = try await client.post(
                "/api/auth/login", #"{"username":"admin","password":"\#(Bench.administratorPassword)"}"#)
            #expect(login.status == 200)
        }
    }

    @Test("an administrator without a password gets the generated one")
    func generatedPassword() async throws {
        try await bench.api { client in
            _ = try await client.post("/api/setup/administrator", #"{\#(Self.token),"username":"ada"}"#)
            _ = try await client.post("/api/setup/complete", "{\(Self.token)}")
            let login = try await client.post(
                "/api/auth/login", #"{"username":"ada","password":"\#(Bench.administratorPassword)"}"#)
            #expect(login.status == 200)
        }
    }

    @Test("a wrong setup token names nobody and completes nothing")
    func wrongToken() async throws {
        try await bench.api { client in
            for path in ["/api/setup/administrator", "/api/setup/complete"] {
                for token in ["", "wrong", Bench.setupToken + "x", String(Bench.setupToken.dropLast())] {
                    let reply = try await client.post(path, #"{"setup_token":"\#(token)","username":"eve"}"#)
                    #expect(reply.status == 403 && reply.detail == "the setup token is wrong")
                }
            }
            #expect(try await client.get("/api/setup/status").text == #"{"administrator":false,"complete":false}"#)
        }
    }

    @Test("after setup its steps answer 409, even with the right token")
    func afterwards() async throws {
        try await bench.api { client in
            _ = try await client.post("/api/setup/complete", "{\(Self.token)}")
            for path in ["/api/setup/administrator", "/api/setup/complete"] {
                let reply = try await client.post(
                    path, #"{\#(Self.token),"username":"eve","password":"long enough pw"}"#)
                #expect(reply.status == 409 && reply.detail == "setup is complete")
            }
            let login = try await client.post("/api/auth/login", #"{"username":"eve","password":"long enough pw"}"#)
            #expect(login.status == 401)
        }
    }

    @Test("a username or password that will not do is refused with what would do")
    func badNames() async throws {
        try await bench.api { client in
            for (username, password) in [("", "long enough pw"), ("a b", "long enough pw"), ("ada", "short")] {
                let reply = try await client.post(
                    "/api/setup/administrator",
                    #"{\#(Self.token),"username":"\#(username)","password":"\#(password)"}"#)
                #expect(reply.status == 400 && reply.detail?.contains("must") == true)
            }
        }
    }

    @Test("a wrong password and an unknown user get the same refusal")
    func wrongPassword() async throws {
        _ = try await bench.setUp()
        try await bench.api { client in
            for (username, password) in [("admin", "wrong"), ("nobody", Bench.administratorPassword), ("", "")] {
                let reply = try await client.post(
                    "/api/auth/login", #"{"username":"\#(username)","password":"\#(password)"}"#)
                #expect(reply.status == 401 && reply.text == #"{"detail":"wrong username or password"}"#)
            }
        }
    }
}
