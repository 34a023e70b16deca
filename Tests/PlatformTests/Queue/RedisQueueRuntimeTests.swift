import CoreTypes
import Foundation
import Testing

@testable import Platform

@Suite("The Redis queue (runtime)", .serialized, .enabled(if: RedisServer.program != nil, RedisServer.missing))
struct RedisQueueRuntimeTests {
    /// One server for the suite; each test has a prefix of its own.
    private final class Shared: Sendable {
        let folder: ScratchFolder
        let server: ServerProcess
        let url: Secret

        init() async throws {
            folder = try ScratchFolder()
            (server, url) = try await RedisServer.start(in: folder.path)
        }
    }

    private static let shared = Task { try await Shared() }

    private let prefix = "test:\(UUID().uuidString)"

    private func queue(
        _ time: TestTime? = nil, lease: Duration = .seconds(6), bound: Int = 1000, look: Duration = .seconds(1)
    ) async throws
        -> RedisQueue
    {
        try RedisQueue(
            try await Self.shared.value.url, prefix: prefix, lease: lease, bound: bound, look: look, time: time?.clock)
    }

    @Test("keeps the promises of a job queue", arguments: QueuePromise.all)
    func contract(promise: QueuePromise) async throws {
        let time = TestTime()
        try await promise.check(try await queue(time), time)
    }

    @Test("with the server's own clock, a dead consumer's job goes to the next one when the lease is over")
    func serverClock() async throws {
        // The next one asks within it, also where a moment is long.
        let queue = try await queue(lease: .seconds(2))
        let job = Job(scan: .random())
        try await queue.add(job, to: .scan)
        _ = try #require(await queue.claim(from: .scan, by: "dead"))
        #expect(try await queue.claim(from: .scan, by: "next") == nil)
        #expect(try await eventually { try await queue.claim(from: .scan, by: "next")?.attempt == 2 })
    }

    @Test("a consumer that starts again has its job back at once, as another try")
    func restartedConsumer() async throws {
        let job = Job(scan: .random())
        let before = try await queue()
        try await before.add(job, to: .engine)
        let lost = try #require(await before.claim(from: .engine, by: "engine"))
        let after = try await queue()
        let again = try #require(await after.claim(from: .engine, by: "engine"))
        #expect(again.job == job && again.attempt == 2)
        // Only at its start: while it works, its own job is no orphan.
        #expect(try await after.claim(from: .engine, by: "engine") == nil)
        await #expect(throws: QueueError.leaseLost) { try await before.acknowledge(lost, successor: nil) }
    }

    @Test("a Redis that came back empty serves on, without a restart of anybody")
    func emptied() async throws {
        let queue = try await queue()
        try await queue.add(Job(scan: .random()), to: .scan)
        _ = try #require(await queue.claim(from: .scan, by: "w"))
        let client = try RedisClient(try await Self.shared.value.url)
        for name in ["stream", "known", "receipts"] { _ = try await client.run(["DEL", "\(prefix):scan:\(name)"]) }
        let job = Job(scan: .random())
        try await queue.add(job, to: .scan)
        #expect(try await queue.claim(from: .scan, by: "w")?.job == job)
    }

    @Test("who waits for a job wakes when it is added")
    func waiting() async throws {
        // It never looks by itself, and Redis is given up long before an hour is over: only a job can end the wait well.
        let queue = try await queue(look: .seconds(3600))
        #expect(try await queue.claim(from: .scan, by: "w") == nil)
        async let woken: Void = queue.waitForJob(in: .scan, atMost: .seconds(3600))
        try await queue.add(Job(scan: .random()), to: .scan)
        try await woken
        // Added between the claim and the wait: no wait at all.
        try await queue.waitForJob(in: .scan, atMost: .seconds(3600))
        #expect(try await queue.claim(from: .scan, by: "w") != nil)
    }

    @Test("a full queue refuses a new job and loses none")
    func bounded() async throws {
        let queue = try await queue(bound: 3)
        for _ in 0..<3 { try await queue.add(Job(scan: .random()), to: .scan) }
        await #expect(throws: QueueError.full) { try await queue.add(Job(scan: .random()), to: .scan) }
        #expect(try await queue.counts(of: .scan) == QueueCounts(waiting: 3, held: 0, dead: 0))
    }

    @Test("Redis killed and started again costs nobody a restart, and no job")
    func restarted() async throws {
        let shared = try await Self.shared.value
        let queue = try await queue()
        let jobs = (0..<50).map { _ in Job(scan: .random()) }
        for job in jobs { try await queue.add(job, to: .scan) }
        let held = try #require(await queue.claim(from: .scan, by: "w"))
        shared.server.kill()
        await #expect(throws: QueueError.self) { try await queue.ping() }
        try await shared.server.start()
        #expect(try await eventually { (try? await queue.ping()) != nil })
        #expect(try await queue.counts(of: .scan) == QueueCounts(waiting: 49, held: 1, dead: 0))
        try await queue.acknowledge(held, successor: (Job(scan: held.job.scan), .engine))
        #expect(try await queue.counts(of: .engine).waiting == 1)
    }

    /// Each call waits 5 s for Redis, on a few threads: one after the other, so many would take minutes.
    @Test(
        "a frozen Redis is an error, and many at once do not wait for it one after the other", .timeLimit(.minutes(1)))
    func frozen() async throws {
        let shared = try await Self.shared.value
        let queue = try await queue()
        try await queue.ping()
        shared.server.freeze()
        defer { shared.server.thaw() }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<400 { group.addTask { (try? await queue.counts(of: .scan)) == nil } }
            for await failed in group { #expect(failed) }
        }
    }

    @Test("a wrong password and a closed port are errors that hold no credential")
    func failures() async throws {
        let closed = try freePort()
        let port = try await Self.shared.value.server.port
        for url in [RedisServer.url(port: port, password: "hunter3"), RedisServer.url(port: closed)] {
            let error = await #expect(throws: QueueError.self) { try await RedisQueue(url).ping() }
            let text = "\(error.map { "\($0)" } ?? "") \(String(reflecting: error))"
            for word in ["hunter3", "pass@", "redis://", "\(closed)"] { #expect(!text.contains(word), "\(text)") }
        }
    }

    @Test(
        "a connection string names host, port, user, password and database",
        arguments: [
            ("redis://127.0.0.1", "127.0.0.1", Int32(6379), String?.none, String?.none, 0),
            ("redis://:p%40s@h:7/3", "h", 7, nil, "p@s", 3), ("redis://u:a@b:c@h:7", "h", 7, "u", "a@b:c", 0),
        ])
    func addresses(
        text: String, host: String, port: Int32, user: String?, password: String?, database: Int
    ) throws {
        let address = try RedisAddress(Secret(text, named: "REDIS_URL"))
        #expect(address.host == host && address.port == port && address.user == user)
        #expect(address.password?.reveal() == password && address.database == database)
    }

    @Test(
        "a connection string that is none is refused by its name only",
        arguments: [
            "", "redis://", "http://hunter2@h", "redis://hunter2@h", "redis://:hunter2@h:0", "redis://:hunter2@h/x",
        ])
    func malformed(text: String) {
        let error = #expect(throws: OperatorError.self) { try RedisAddress(Secret(text, named: "REDIS_URL")) }
        #expect(error?.description.contains("REDIS_URL") == true && error?.description.contains("hunter2") == false)
    }
}
