import Platform
import SystemPackage
import Testing

@Suite("The SQLite queue")
struct SQLiteQueueTests {
    @Test("keeps the promises of a job queue", arguments: QueuePromise.all)
    func contract(promise: QueuePromise) async throws {
        let bench = try Bench()
        try await promise.check(bench.queue, bench.time)
    }

    @Test("who waits for a job wakes at the first look after it was added")
    func waiting() async throws {
        let bench = try Bench()
        let waiter = Task { [bench] in try await bench.queue.waitForJob(in: .scan, atMost: .seconds(30)) }
        await bench.clock.sleepers(1)
        try await bench.queue.add(Job(scan: .random()), to: .scan)
        bench.clock.advance(by: .milliseconds(200))
        try await waiter.value
        #expect(try await bench.queue.counts(of: .scan).waiting == 1)
    }

    @Test("who waits for a job that never comes gives up in time")
    func waitingInVain() async throws {
        let bench = try Bench()
        let waiter = Task { [bench] in try await bench.queue.waitForJob(in: .scan, atMost: .milliseconds(300)) }
        for _ in 0..<2 {
            await bench.clock.sleepers(1)
            bench.clock.advance(by: .milliseconds(200))
        }
        try await waiter.value
    }

    @Test("jobs survive the program that added them")
    func reopened() async throws {
        let bench = try Bench()
        let job = Job(scan: .random(), payload: "p")
        try await bench.queue.add(job, to: .engine)
        let other = try SQLiteQueue(bench.data.queue, time: bench.time.clock, clock: bench.clock)
        #expect(try await other.claim(from: .engine, by: "e")?.job == job)
    }
}
