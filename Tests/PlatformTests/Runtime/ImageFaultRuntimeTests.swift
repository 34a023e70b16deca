import Foundation
import ImageFixtures
import Platform
import Testing

@Suite("Faults while images and clouds are scanned (runtime)", .serialized)
struct ImageFaultRuntimeTests {
    /// What the platform keeps its data in.
    enum Databases: Sendable {
        case embedded, servers

        static let all: [Databases] =
            MongoServer.program != nil && RedisServer.program != nil ? [.embedded, .servers] : [.embedded]

        func platform(_ environment: [String: String] = [:]) async throws -> LivePlatform {
            switch self {
            case .embedded: try LivePlatform(embedded: environment)
            case .servers: try await DatabasePlatform(environment)
            }
        }
    }

    /// Large enough that whoever reads it can be killed at it, and with four things to find.
    private static let image: Data = {
        var layer = Tar()
        layer.add("bin/su", [0, 1], mode: 0o4755)
        layer.add("app/.env", "KEY=" + "AKIA" + "Q3EGRZ7WPLX2NMTB\n")
        layer.add("app/data", [UInt8](repeating: 0, count: 48 << 20))
        return Data(TestImage([layer]).docker())
    }()
    private static let rules = ["aws-access-key-id", "image-no-healthcheck", "image-no-user", "image-setuid"]

    private func upload(_ platform: LivePlatform, _ token: String) async throws -> String {
        let reply = try await platform.call("POST", "/api/containers/upload-scan", Self.image, token: token)
        try #require(reply.status == 202, "\(reply)")
        return try #require(reply.json["scan_id"] as? String)
    }

    /// Returns when somebody holds a job of the topic.
    private func isHeld(_ topic: Topic, _ platform: LivePlatform) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if (try? await platform.queue.counts(of: topic).held) ?? 0 > 0 { return true }
        }
        return false
    }

    /// Uploads images until one was in the hands of `victim` when that was killed, and starts it again.
    private func strike(_ victim: String, at topic: Topic, _ platform: LivePlatform, _ token: String) async throws {
        for _ in 0..<5 {
            _ = try await upload(platform, token)
            try #require(await isHeld(topic, platform))
            try await platform.kill(victim)
            let isStruck = try await platform.queue.counts(of: topic).held > 0
            try platform.start(victim)
            if isStruck { return }
        }
        Issue.record("\(victim) was never killed at an image")
    }

    /// Uploads images until one was in the hands of the engine when it was cancelled: one may end before we say so.
    private func cancelledUnderEngine(_ platform: LivePlatform, _ token: String) async throws -> String {
        for _ in 0..<5 {
            let id = try await upload(platform, token)
            try #require(await isHeld(.engine, platform))
            let status = try await platform.call("POST", "/api/scans/\(id)/cancel", token: token).status
            if status == 200 { return id }
            #expect(status == 409)
            #expect(try await eventually { try await platform.isIdle() })
        }
        throw NeverCancelled()
    }

    private struct NeverCancelled: Error {}

    private func scan(_ id: String, _ platform: LivePlatform, _ token: String) async throws -> [String: Any] {
        try await platform.call("GET", "/api/scans/\(id)", token: token).json
    }

    private func findings(_ id: String, _ platform: LivePlatform, _ token: String) async throws -> [String] {
        try await platform.all("/api/scans/\(id)/findings", token: token).compactMap { $0["rule"] as? String }.sorted()
    }

    @Test(
        "kill -9 of worker, engine and databases at an image: every scan completes, no finding is doubled, no file stays",
        arguments: Databases.all)
    func kills(databases: Databases) async throws {
        let platform = try await databases.platform()
        let token = try await platform.signedIn()
        try await strike("worker", at: .scan, platform, token)
        try await strike("engine", at: .engine, platform, token)
        if let servers = platform as? DatabasePlatform {
            for (server, topic) in [(servers.redis, Topic.scan), (servers.mongo, .engine)] {
                _ = try await upload(platform, token)
                try #require(await isHeld(topic, platform))
                server.kill()
                try await server.start()
            }
        }
        var scans: [[String: Any]] = []
        let isOver = try await eventually(within: .seconds(90)) {
            scans = (try? await platform.all("/api/scans", token: token)) ?? []
            return !scans.isEmpty && scans.allSatisfy { !["queued", "running"].contains($0["status"] as? String) }
        }
        #expect(isOver && scans.count >= (databases == .servers ? 4 : 2))
        for scan in scans {
            #expect(scan["status"] as? String == "completed" && scan["findings"] as? Int == 4, "\(scan)")
            #expect(try await findings(scan["scan_id"] as? String ?? "", platform, token) == Self.rules)
        }
        #expect(try await eventually { try await platform.isIdle() })
        #expect(try platform.files() == [])
        try await platform.stop()
    }

    @Test(
        "a container scan that is cancelled in the queue, or under the engine, leaves no file, no job, and what it counts",
        arguments: Databases.all)
    func cancelled(databases: Databases) async throws {
        let platform = try await databases.platform()
        let token = try await platform.signedIn()
        try await platform.kill("worker")
        let queued = try await upload(platform, token)
        #expect(try await platform.call("POST", "/api/scans/\(queued)/cancel", token: token).status == 200)
        try platform.start("worker")
        #expect(try await eventually { try platform.files().isEmpty })

        let running = try await cancelledUnderEngine(platform, token)
        #expect(try await eventually { try platform.files().isEmpty })
        #expect(try await eventually { try await platform.isIdle() })
        for id in [queued, running] {
            let scan = try await scan(id, platform, token)
            let left = try await findings(id, platform, token)
            #expect(scan["status"] as? String == "cancelled" && scan["findings"] as? Int == left.count)
            #expect(Set(left).count == left.count && Set(left).isSubset(of: Self.rules))
        }
        #expect(try await findings(queued, platform, token) == [])
        // The next one finds everything there as it should be.
        let next = try await upload(platform, token)
        #expect(try await eventually { try await scan(next, platform, token)["status"] as? String == "completed" })
        #expect(try await findings(next, platform, token) == Self.rules)
        try await platform.stop()
    }

    @Test(
        "an engine that is killed while Prowler runs: the next one ends the scan, and its findings are there once",
        arguments: Databases.all)
    func killedClouds(databases: Databases) async throws {
        let place = try ScratchFolder()
        // Hangs the first time, and replays a recorded run the second.
        try CloudBench.write(
            """
            #!/bin/sh
            [ -e \(place.path)/first ] || { echo > \(place.path)/first; exec sleep 1000; }
            exec \(CloudBench.standin)/prowler-standin "$@"
            """, to: place.path + "/prowler-standin")
        let platform = try await databases.platform(["PROWLER_PROGRAM": place.path + "/prowler-standin"])
        let token = try await platform.signedIn()
        let account = Data(
            """
            {"provider":"aws","name":"mine","access_key_id":"\(CloudAccount.sampleKey)",\
            "secret_access_key":"\(CloudAccount.sampleSecret)","regions":["us-east-1"]}
            """.utf8)
        let made = try await platform.call("POST", "/api/cloud-accounts", account, token: token)
        let body = Data(#"{"account":"\#(made.json["id"] as? String ?? "")"}"#.utf8)
        let accepted = try await platform.call("POST", "/api/cloud-scans/", body, token: token)
        let id = try #require(accepted.json["scan_id"] as? String, "\(made) \(accepted)")
        #expect(try await eventually { FileManager.default.fileExists(atPath: place.path + "/first") })
        try await platform.kill("engine")
        try platform.start("engine")
        #expect(
            try await eventually(within: .seconds(60)) {
                try await scan(id, platform, token)["status"] as? String == "partial"
            })
        #expect(try await scan(id, platform, token)["findings"] as? Int == 6)
        #expect(try await findings(id, platform, token).count == 6)
        #expect(try await eventually { try await platform.isIdle() })
        #expect(try platform.files() == [])
        try await platform.stop()
    }
}
