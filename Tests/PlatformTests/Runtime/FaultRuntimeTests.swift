import Foundation
import Platform
import Testing

@Suite(
    "Faults of databases and programs (runtime)", .serialized,
    .enabled(if: MongoServer.program != nil && RedisServer.program != nil, MongoServer.missing))
struct FaultRuntimeTests {
    /// As many jobs as the run has; CSPM_FAULT_JOBS makes it longer or shorter.
    private static let jobs = ProcessInfo.processInfo.environment["CSPM_FAULT_JOBS"].flatMap { Int($0) } ?? 1000
    /// How long a database stays away; CSPM_OUTAGE_SECONDS makes it longer or shorter.
    private static let outage = ProcessInfo.processInfo.environment["CSPM_OUTAGE_SECONDS"].flatMap { Int($0) } ?? 4

    /// Uploads until the API takes it: a client that got no 202 tries again, and what it gets is JSON with a reason.
    private func upload(_ platform: DatabasePlatform, _ token: String, refusals: inout Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            guard
                let reply = try? await platform.call(
                    "POST", "/api/code/upload-scan", DatabasePlatform.upload, token: token)
            else { continue }
            if reply.status == 202 { return }
            refusals += 1
            #expect(reply.status == 503 && reply.json["detail"] is String, "\(reply)")
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("an upload was refused for a minute")
    }

    @Test(
        "kill -9 of worker, engine, Redis and MongoDB during 1000 jobs: every job completes, no finding is doubled")
    func kills() async throws {
        let platform = try await DatabasePlatform()
        let token = try await platform.signedIn()
        let begin = ContinuousClock.now
        var refusals = 0
        var kills: [String: Int] = [:]
        let victims = ["worker", "engine", "redis", "mongodb"]
        for number in 0..<Self.jobs {
            try await upload(platform, token, refusals: &refusals)
            // Eight faults, spread over the whole run.
            guard number % max(1, Self.jobs / 8) == Self.jobs / 16 else { continue }
            let victim = victims[kills.values.reduce(0, +) % victims.count]
            kills[victim, default: 0] += 1
            switch victim {
            case "redis":
                platform.redis.kill()
                try await platform.redis.start()
            case "mongodb":
                platform.mongo.kill()
                try await platform.mongo.start()
            default:
                try await platform.kill(victim)
                try platform.start(victim)
            }
        }
        let scans = try await finished(platform, token, atLeast: Self.jobs)
        let statuses = Dictionary(grouping: scans) { $0["status"] as? String ?? "" }.mapValues(\.count)
        let findings = scans.compactMap { $0["findings"] as? Int }
        print(
            "counts: \(Self.jobs) uploads accepted, \(refusals) refused with 503, kills \(kills.sorted { $0.key < $1.key }),"
                + " \(scans.count) scans, statuses \(statuses), findings \(findings.reduce(0, +)),"
                + " \(ContinuousClock.now - begin)")
        #expect(statuses == ["completed": scans.count] && scans.count >= Self.jobs)
        #expect(findings.allSatisfy { $0 == 2 } && findings.count == scans.count)
        // Not only the counts: the findings themselves, of some.
        for scan in scans.prefix(20) {
            let page = try await platform.all("/api/scans/\(scan["scan_id"] as? String ?? "")/findings", token: token)
            #expect(page.compactMap { $0["path"] as? String } == ["a.pem", "b.pem"])
        }
        // A job ends a moment after its scan.
        for topic in Topic.allCases {
            let isEmpty = try await eventually {
                try await platform.queue.counts(of: topic) == QueueCounts(waiting: 0, held: 0, dead: 0)
            }
            #expect(isEmpty, "\(topic)")
        }
        try await platform.stop()
        try expectNoSecrets(in: try platform.logs(), token)
    }

    @Test(
        "a database that is gone and returns: 503 with JSON in time, health names it, jobs wait and complete, nothing restarts",
        arguments: ["redis", "mongodb"])
    func outage(database: String) async throws {
        let platform = try await DatabasePlatform()
        let token = try await platform.signedIn()
        var refusals = 0
        for _ in 0..<20 { try await upload(platform, token, refusals: &refusals) }
        let server = database == "redis" ? platform.redis : platform.mongo
        let part = database == "redis" ? "queue" : "store"
        server.kill()
        var slowest: Duration = .zero
        var answers: [Int: Int] = [:]
        let end = ContinuousClock.now + .seconds(Self.outage)
        while ContinuousClock.now < end {
            let start = ContinuousClock.now
            let reply = try await platform.call(
                "POST", "/api/code/upload-scan", DatabasePlatform.upload, token: token)
            slowest = max(slowest, ContinuousClock.now - start)
            answers[reply.status, default: 0] += 1
            // Not 504, which is what comes after the time limit.
            #expect(reply.status == 503 && reply.json["detail"] is String)
            let health = try await platform.call("GET", "/api/health")
            let parts = health.json["parts"] as? [String: [String: Any]] ?? [:]
            #expect(health.status == 503)
            for (name, state) in parts { #expect(state["status"] as? String == (name == part ? "down" : "ok")) }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await server.start()
        let back = ContinuousClock.now
        #expect(try await eventually { (try? await platform.call("GET", "/api/health").status) == 200 })
        let healed = ContinuousClock.now - back
        // Scans whose upload was taken in while the queue was down have no job until upkeep gives them one.
        let scans = try await finished(platform, token, atLeast: 20)
        print(
            "counts: \(database) away for \(Self.outage) s: answers \(answers), slowest \(slowest), healthy after \(healed), \(scans.count) scans"
        )
        #expect(scans.allSatisfy { $0["status"] as? String == "completed" && $0["findings"] as? Int == 2 })
        for name in ["api", "worker", "engine"] { #expect(platform.isRunning(name)) }
        try await platform.stop()
        try expectNoSecrets(in: try platform.logs(), token)
    }

    @Test("a database that holds its connections and says nothing is named by health, and requests are refused")
    func frozen() async throws {
        let platform = try await DatabasePlatform()
        let token = try await platform.signedIn()
        platform.mongo.freeze()
        let start = ContinuousClock.now
        let health = try await platform.call("GET", "/api/health")
        let told = ContinuousClock.now - start
        let parts = health.json["parts"] as? [String: [String: Any]] ?? [:]
        #expect(health.status == 503)
        #expect(parts["store"]?["status"] as? String == "down" && parts["queue"]?["status"] as? String == "ok")
        let reply = try await platform.call("GET", "/api/scans", token: token)
        #expect([503, 504].contains(reply.status) && reply.json["detail"] is String)
        print("counts: frozen MongoDB: health after \(told), a list \(reply.status)")
        platform.mongo.thaw()
        #expect(try await eventually { (try? await platform.call("GET", "/api/scans", token: token).status) == 200 })
        try await platform.stop()
    }

    /// All scans, when none of them is open any more.
    private func finished(_ platform: DatabasePlatform, _ token: String, atLeast count: Int) async throws
        -> [[String: Any]]
    {
        var scans: [[String: Any]] = []
        let isOver = try await eventually(within: .seconds(240)) {
            scans = (try? await platform.all("/api/scans", token: token)) ?? []
            try await Task.sleep(for: .milliseconds(300))
            return scans.count >= count
                && scans.allSatisfy { !["queued", "running"].contains($0["status"] as? String) }
        }
        #expect(isOver, "some scans are still open")
        return scans
    }

    private func expectNoSecrets(in logs: String, _ token: String) throws {
        #expect(!logs.isEmpty)
        let passwords = [MongoServer.password, RedisServer.password, "hun%20ter", "re%2Fdis", "mongodb://", "redis://"]
        for secret in Array(DatabasePlatform.secrets.values) + passwords + [token] { #expect(!logs.contains(secret)) }
    }
}
