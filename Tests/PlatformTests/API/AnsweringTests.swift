import CoreTypes
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Scanning
import Synchronization
import Testing

@testable import Platform

@Suite("What the API answers when something is wrong")
struct AnsweringTests {
    @Test(
        "a body that is not what it should be gets one sentence",
        arguments: [
            ("", "the body is not JSON"), ("{", "the body is not JSON"), ("[]", "the body has the wrong type"),
            ("{}", "the field 'password' is missing"),
            (#"{"username":1,"password":"x"}"#, "the field 'username' has the wrong type"),
            (#"{"username":null,"password":"x"}"#, "the field 'username' has the wrong type"),
            ("\u{FEFF}nonsense", "the body is not JSON"),
        ])
    func badBodies(body: String, detail: String) async throws {
        try await Bench().api { client in
            let reply = try await client.post("/api/auth/login", body)
            #expect(reply.status == 400)
            #expect(reply.detail == detail || (body == "{}" && reply.detail == "the field 'username' is missing"))
        }
    }

    @Test("a JSON body above the limit is refused with 413")
    func largeBody() async throws {
        try await Bench().api { client in
            let reply = try await client.post("/api/auth/login", String(repeating: " ", count: 65 * 1024))
            #expect(reply.status == 413 && reply.detail == "the body is too large")
        }
    }

    @Test("an unknown path is 404 with a JSON body")
    func notFound() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await bench.api { client in
            let reply = try await client.get("/api/nothing", token: token)
            #expect(reply.status == 404 && reply.text == #"{"detail":"there is nothing here"}"#)
        }
    }

    @Test("a method that a route does not have is 405 and says which it has")
    func otherMethods() async throws {
        let bench = try Bench()
        _ = try await bench.setUp()
        try await bench.api { (client) async throws in
            for method in [HTTPRequest.Method.put, .trace, .head, .options, HTTPRequest.Method("QUERY")!] {
                let reply = try await client.send(method, "/api/auth/login")
                #expect(reply.status == 405 && reply.headers[.allow] == "POST")
                // To HEAD with the length that a body would have, and without one.
                #expect(reply.bytes.isEmpty == (method == .head) && reply.headers[.contentLength] != "0")
            }
            #expect(try await client.send(.put, "/api/scans/x").headers[.allow] == "GET, DELETE")
            #expect(try await client.send(.put, "/api/nothing").status == 404)
        }
    }

    @Test("a request keeps its name when that is safe to log, and gets one otherwise")
    func requestIDs() async throws {
        let name = HTTPField.Name("X-Request-ID")!
        try await Bench().api { client in
            #expect(try await client.get("/api/health/live", headers: [name: "abc-1.2_3"]).headers[name] == "abc-1.2_3")
            for bad in ["", "a b", "a\"b", String(repeating: "a", count: 65), "ü"] {
                let given = try await client.get("/api/health/live", headers: [name: bad]).headers[name]
                #expect(given != bad && given?.count == 16)
            }
        }
    }

    @Test("a store that fails unforeseen is 500 with the request's name and nothing else; the log has the rest")
    func unforeseen() async throws {
        let lines = Mutex<[String]>([])
        let bench = try Bench { services in
            services = services.with(
                store: FailingStore { throw Unforeseen(detail: "secret stack of frames") },
                logger: Logger(label: "t") { _ in LineLog { line in lines.withLock { $0.append(line) } } })
        }
        try await bench.api { client in
            let reply = try await client.get("/api/setup/status", headers: [HTTPField.Name("X-Request-ID")!: "r1"])
            #expect(reply.status == 500)
            #expect(reply.text == #"{"detail":"the server failed; its log tells more about request r1"}"#)
        }
        #expect(lines.withLock { $0.contains { $0.contains("r1") && $0.contains("secret stack of frames") } })
    }

    @Test("a store that does not answer is 503, without a word about it; health says which part is down")
    func unavailable() async throws {
        let bench = try Bench { services in
            services = services.with(store: FailingStore { throw StoreError.unavailable("mongodb://user:pw@db") })
        }
        try await bench.api { client in
            for path in ["/api/scans", "/api/setup/status"] {
                let reply = try await client.get(path)
                #expect(reply.status == 503 && reply.detail == "the store does not answer; try again later")
            }
            let health = try await client.get("/api/health")
            #expect(health.status == 503 && health.string("status") == "degraded")
            let parts = health.json["parts"] as? [String: [String: Any]]
            #expect(parts?["store"]?["status"] as? String == "down")
            #expect(parts?["queue"]?["status"] as? String == "ok")
            let ready = try await client.get("/api/health/ready")
            #expect(ready.status == 503 && ready.detail == "the store does not answer")
            #expect(try await client.get("/api/health/live").status == 200)
        }
    }

    @Test("a request beyond its time limit is 504, and its work is cancelled before the answer")
    func timeLimit() async throws {
        let cancelled = Mutex(false)
        let bench = try Bench { services in
            services = services.with(
                store: FailingStore {
                    do { try await Task.sleep(for: .seconds(3600)) } catch {
                        cancelled.withLock { $0 = true }
                        throw error
                    }
                })
        }
        let request = Task { [bench] in try await bench.api { try await $0.get("/api/setup/status") } }
        await bench.clock.sleepers(1)
        bench.clock.advance(by: .seconds(30))
        let reply = try await request.value
        #expect(reply.status == 504 && reply.text == #"{"detail":"the request took too long"}"#)
        #expect(cancelled.withLock { $0 })
    }

    @Test("a part that says nothing for two seconds is down, whatever patience its driver has")
    func silentPart() async throws {
        let bench = try Bench { services in
            services = services.with(store: FailingStore { try await Task.sleep(for: .seconds(3600)) })
        }
        let request = Task { [bench] in try await bench.api { try await $0.get("/api/health") } }
        // The request's own limit is the other sleeper.
        await bench.clock.sleepers(1, before: .seconds(3))
        bench.clock.advance(by: .seconds(2))
        let health = try await request.value
        #expect(health.status == 503)
        let parts = health.json["parts"] as? [String: [String: Any]]
        #expect(parts?["store"]?["status"] as? String == "down")
    }

    @Test("a limit ends what it is over for and nothing else, with one sleeper for all")
    func deadlines() async throws {
        let clock = ManualClock()
        let deadlines = Deadlines(clock)
        let gate = AsyncStream<Void>.makeStream()
        let long = Task {
            try await deadlines.within(.seconds(30)) {
                for await _ in gate.stream { return "done" }
                throw CancellationError()
            }
        }
        await clock.sleepers(1)
        let short = Task { try await deadlines.within(.seconds(2)) { try await Task.sleep(for: .seconds(3600)) } }
        await clock.sleepers(1, before: .seconds(3))
        clock.advance(by: .seconds(2))
        await #expect(throws: Refusal.self) { try await short.value }
        await clock.sleepers(1)
        clock.advance(by: .seconds(27))
        gate.continuation.yield()
        #expect(try await long.value == "done")
    }

    @Test(
        "the time limits are those of the platform's documents",
        arguments: [
            ("/api/scans", 30), ("/api/code/upload-scan", 900), ("/api/containers/upload-scan", 900),
            ("/api/cloud-scans/1", 600),
            ("/api/setup/validate/redis", 600),
            ("/api/setup/status", 30),
        ])
    func tiers(path: String, seconds: Int) {
        #expect(TimeLimits.standard.limit(for: path) == .seconds(seconds))
    }

    @Test("nginx waits exactly as long as the API: the shipped profile's routes have the time limits of the API")
    func profileRoutes() throws {
        let profile = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../profiles/cspm.yaml")
        let text = try String(contentsOf: profile.standardized, encoding: .utf8)
        var routes: [String: Duration] = [:]
        for match in text.matches(of: /path: (\/api[^,]*), to: api, timeout: ([0-9]+)s/) {
            routes[String(match.1)] = .seconds(Int(match.2) ?? 0)
        }
        let limits = TimeLimits.standard
        #expect(routes["/api/"] == limits.otherwise)
        for (path, limit) in routes { #expect(limits.limit(for: path) == limit, "\(path)") }
        for tier in limits.tiers { #expect(routes[tier.path] == tier.limit, "\(tier.path)") }
    }

    @Test("all who ask for health at the same time share one check, and whoever comes later has the next")
    func sharedHealth() async throws {
        let pings = Mutex(0)
        let gate = StopSignal()
        let bench = try Bench { services in
            services = services.with(
                store: FailingStore {
                    pings.withLock { $0 += 1 }
                    await gate.wait()
                })
        }
        try await bench.api { client in
            let asking = (1...20).map { _ in Task { try await client.get("/api/health") } }
            while bench.services.health.waiting < 20 { await Task.yield() }
            gate.request()
            for task in asking { _ = try await task.value }
            // The first one's, and that of the nineteen others.
            #expect(pings.withLock { $0 } == 2)
            _ = try await client.get("/api/health")
            #expect(pings.withLock { $0 } == 3)
        }
    }

    @Test("health names the parts, the version and the slot")
    func health() async throws {
        try await Bench().api { client in
            let health = try await client.get("/api/health")
            #expect(health.status == 200 && health.string("status") == "ok" && health.string("slot") == "blue")
            #expect(health.string("version") == Settings.version)
            let parts = health.json["parts"] as? [String: [String: Any]]
            #expect(Set(parts?.keys.map { $0 } ?? []) == ["store", "queue"])
            #expect((parts?["store"]?["latency_ms"] as? Double ?? -1) >= 0)
        }
    }
}

private struct Unforeseen: Error { let detail: String }
