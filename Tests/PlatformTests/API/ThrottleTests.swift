import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Testing

@Suite("Limits on who asks too often")
struct ThrottleTests {
    private static func from(_ address: String) -> HTTPFields { [HTTPField.Name("X-Forwarded-For")!: address] }

    private func bench(address: Int = 1000, caller: Int = 1000) throws -> Bench {
        try Bench {
            $0.rates = RateLimits(
                address: Rate(requests: address, in: .seconds(60)), caller: Rate(requests: caller, in: .seconds(60)))
        }
    }

    private static func field(_ name: String, _ reply: Client.Reply) -> String? {
        reply.headers[HTTPField.Name(name)!]
    }

    @Test("an address that asks too often gets 429 with when to come back; another one is served, and so is health")
    func addresses() async throws {
        let bench = try bench(address: 3)
        _ = try await bench.setUp()
        try await bench.api { (client) async throws in
            for left in [2, 1, 0] {
                let reply = try await client.get("/api/scans", headers: Self.from("192.0.2.1"))
                #expect(reply.status == 401)
                #expect(Self.field("X-RateLimit-Limit", reply) == "3")
                #expect(Self.field("X-RateLimit-Remaining", reply) == "\(left)")
            }
            let refused = try await client.get("/api/scans", headers: Self.from("192.0.2.1"))
            #expect(refused.status == 429 && refused.detail == "too many requests; wait 20 s")
            #expect(Self.field("Retry-After", refused) == "20" && Self.field("X-RateLimit-Remaining", refused) == "0")
            #expect(Self.field("X-RateLimit-Reset", refused) == "60")
            #expect(try await client.get("/api/scans", headers: Self.from("192.0.2.2")).status == 401)
            #expect(try await client.get("/api/health", headers: Self.from("192.0.2.1")).status == 200)
            bench.time.advance(by: .seconds(20))
            #expect(try await client.get("/api/scans", headers: Self.from("192.0.2.1")).status == 401)
        }
    }

    @Test("a user and each key have an allowance of their own, from whatever address they ask")
    func callers() async throws {
        let bench = try bench(caller: 2)
        let (user, token) = try await bench.setUp()
        let (key, text) = APIKey.new(of: user.id, named: "k", scopes: [.read], at: bench.time.now, until: nil)
        try await bench.store.add(key)
        try await bench.api { (client) async throws in
            for address in ["192.0.2.1", "192.0.2.2"] {
                #expect(try await client.get("/api/scans", token: token, headers: Self.from(address)).status == 200)
            }
            let refused = try await client.get("/api/scans", token: token, headers: Self.from("192.0.2.3"))
            #expect(refused.status == 429 && Self.field("X-RateLimit-Limit", refused) == "2")
            let withKey = try await client.get("/api/scans", headers: [HTTPField.Name("X-API-Key")!: text])
            #expect(withKey.status == 200 && Self.field("X-RateLimit-Remaining", withKey) == "1")
        }
    }

    @Test("blue and green count together")
    func shared() async throws {
        let blue = try bench(address: 2)
        let services = blue.services
        let other = try SQLiteLedger(blue.data.traffic, time: blue.time.clock)
        let green = Client(API.router(services.with(traffic: other)).buildResponder())
        _ = try await blue.setUp()
        try await blue.api { (client) async throws in
            #expect(try await client.get("/api/scans").status == 401)
            #expect(try await green.get("/api/scans").status == 401)
            #expect(try await client.get("/api/scans").status == 429)
            #expect(try await green.get("/api/scans").status == 429)
        }
    }

    @Test("guessing a password costs more and more time, known user or not, and no right password opens in between")
    func guessing() async throws {
        let bench = try Bench()
        _ = try await bench.setUp()
        try await bench.api { (client) async throws in
            func signIn(_ name: String, _ password: String, from address: String) async throws -> Client.Reply {
                try await client.send(
                    .post, "/api/auth/login", headers: Self.from(address),
                    body: .init(string: #"{"username":"\#(name)","password":"\#(password)"}"#))
            }
            for name in ["admin", "nobody"] {
                // From ever other addresses: the account counts.
                for number in 1...5 {
                    #expect(try await signIn(name, "wrong", from: "198.51.100.\(number)").status == 401)
                }
                let refused = try await signIn(name, Bench.administratorPassword, from: "198.51.100.99")
                #expect(refused.status == 429 && refused.detail == "too many failed sign-ins; wait 1 s")
                #expect(Self.field("Retry-After", refused) == "1")
            }
            bench.time.advance(by: .seconds(1))
            #expect(try await signIn("admin", "wrong", from: "198.51.100.1").status == 401)
            #expect(try await signIn("admin", "wrong", from: "198.51.100.1").detail?.hasSuffix("wait 2 s") == true)
            bench.time.advance(by: .seconds(2))
            #expect(try await signIn("admin", Bench.administratorPassword, from: "198.51.100.1").status == 200)
            for _ in 1...5 { #expect(try await signIn("admin", "wrong", from: "198.51.100.2").status == 401) }
        }
    }

    @Test("an address that guesses at many accounts must wait, too")
    func spraying() async throws {
        let bench = try Bench()
        _ = try await bench.setUp()
        try await bench.api { (client) async throws in
            var statuses: [Int] = []
            for number in 0..<22 {
                statuses.append(
                    try await client.send(
                        .post, "/api/auth/login", headers: Self.from("2001:db8::\(number)"),
                        body: .init(string: #"{"username":"user\#(number)","password":"x"}"#)
                    ).status)
            }
            // All of one /64, which is one subscriber.
            #expect(statuses == [Int](repeating: 401, count: 20) + [429, 429])
        }
    }

    @Test("a ledger that does not answer refuses no request, and lets nobody sign in")
    func brokenLedger() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        let client = Client(API.router(bench.services.with(traffic: BrokenLedger())).buildResponder())
        #expect(try await client.get("/api/scans", token: token).status == 200)
        let login = try await client.post(
            "/api/auth/login", #"{"username":"admin","password":"\#(Bench.administratorPassword)"}"#)
        #expect(login.status == 503 && login.detail == "the queue does not answer; try again later")
    }
}

private struct BrokenLedger: TrafficLedger {
    func take(from caller: String, at rate: Rate) async throws -> Standing { throw QueueError.unavailable("x") }
    func attempt(_ attempts: [Attempt]) async throws -> Duration? { throw QueueError.unavailable("x") }
    func settle(forgetting: [String], returning: [String]) async throws { throw QueueError.unavailable("x") }
}
