import Platform
import Synchronization
import Testing

@Suite("A job consumer")
struct JobConsumerTests {
    private let bench: Bench
    init() throws { bench = try Bench() }

    private func consumer(_ handler: some JobHandler) -> JobConsumer {
        JobConsumer(
            queue: bench.queue, topic: .scan, name: "w", handler: handler, clock: bench.clock, logger: .silent)
    }

    @Test("acknowledges a job after its effect, and hands on what follows it")
    func effectFirst() async throws {
        let scan = try await bench.queuedScan()
        let handler = ScriptedHandler { [bench] (delivery, _) async throws in
            #expect(try await bench.queue.counts(of: .scan).held == 1)
            return .followed(by: Job(scan: delivery.job.scan, payload: "p"), in: .engine)
        }
        #expect(try await consumer(handler).runNext(stop: StopSignal()))
        #expect(try await bench.queue.counts(of: .scan) == QueueCounts(waiting: 0, held: 0, dead: 0))
        #expect(try await bench.queue.claim(from: .engine, by: "e")?.job == Job(scan: scan.id, payload: "p"))
        #expect(try await !consumer(handler).runNext(stop: StopSignal()))
    }

    @Test("tries a failing job again, later each time, and after the last try makes it a dead letter with a reason")
    func deadLetter() async throws {
        let scan = try await bench.queuedScan()
        struct Broken: Error {}
        let handler = ScriptedHandler { _, _ in throw Broken() }
        for attempt in 1...5 {
            #expect(try await consumer(handler).runNext(stop: StopSignal()))
            #expect(try await !consumer(handler).runNext(stop: StopSignal()), "it waits after try \(attempt)")
            bench.time.advance(by: .seconds(1 << attempt))
        }
        #expect(handler.abandoned == [scan.id: "it failed 5 times"])
        #expect(try await bench.queue.counts(of: .scan) == QueueCounts(waiting: 0, held: 0, dead: 1))
    }

    @Test("makes a job that kills its consumers a dead letter, too")
    func poison() async throws {
        let scan = try await bench.queuedScan()
        let handler = ScriptedHandler { _, _ in .done }
        for _ in 1...5 {
            // A consumer that was killed: it claimed and was never heard of again.
            _ = try #require(await bench.queue.claim(from: .scan, by: "killed"))
            bench.time.advance(by: bench.queue.lease)
        }
        #expect(try await consumer(handler).runNext(stop: StopSignal()))
        #expect(handler.abandoned == [scan.id: "it was tried 5 times and never finished"])
        #expect(handler.handled == 0)
    }

    @Test("keeps the time of many short jobs with one timer")
    func oneTimer() async throws {
        let handler = ScriptedHandler { _, _ in .done }
        let consumer = consumer(handler)
        for _ in 1...50 { _ = try await bench.queuedScan() }
        for _ in 1...50 { #expect(try await consumer.runNext(stop: StopSignal())) }
        #expect(bench.clock.sleepsBegun <= 1)
    }

    @Test("extends the lease while it works")
    func heartbeat() async throws {
        _ = try await bench.queuedScan()
        let (work, finish) = AsyncStream<Void>.makeStream()
        let handler = ScriptedHandler { _, _ in
            for await _ in work {}
            return .done
        }
        let running = Task { [consumer = consumer(handler)] in try await consumer.runNext(stop: StopSignal()) }
        for _ in 1...4 {
            await bench.clock.sleepers(1)
            bench.time.advance(by: bench.queue.lease / 3)
            bench.clock.advance(by: bench.queue.lease / 3)
        }
        await bench.clock.sleepers(1)
        // More than a lease later nobody else gets it.
        #expect(try await bench.queue.claim(from: .scan, by: "other") == nil)
        finish.finish()
        #expect(try await running.value)
        #expect(try await bench.queue.counts(of: .scan) == QueueCounts(waiting: 0, held: 0, dead: 0))
    }

    @Test("stops working on a job whose lease it lost, and leaves it to the one who has it")
    func leaseLost() async throws {
        _ = try await bench.queuedScan()
        let handler = ScriptedHandler { _, interruption in
            while !interruption.isRequested { await Task.yield() }
            return .done
        }
        let running = Task { [consumer = consumer(handler)] in try await consumer.runNext(stop: StopSignal()) }
        await bench.clock.sleepers(1)
        bench.time.advance(by: bench.queue.lease)
        let other = try #require(await bench.queue.claim(from: .scan, by: "other"))
        bench.clock.advance(by: bench.queue.lease / 3)
        #expect(try await running.value)
        try await bench.queue.acknowledge(other, successor: nil)
    }

    @Test("told to stop, takes no new job")
    func noNewJob() async throws {
        _ = try await bench.queuedScan()
        let stop = StopSignal()
        stop.request()
        await consumer(ScriptedHandler { _, _ in .done }).run(until: stop)
        #expect(try await bench.queue.counts(of: .scan).waiting == 1)
    }

    @Test("told to stop, finishes the job it has")
    func finishesJob() async throws {
        _ = try await bench.queuedScan()
        _ = try await bench.queuedScan()
        let stop = StopSignal()
        let handler = ScriptedHandler { _, _ in
            stop.request()
            return .done
        }
        await consumer(handler).run(until: stop)
        #expect(handler.handled == 1)
        #expect(try await bench.queue.counts(of: .scan) == QueueCounts(waiting: 1, held: 0, dead: 0))
    }

    @Test("told to stop, hands back the job that does not end within the grace, as a whole try")
    func handsBack() async throws {
        _ = try await bench.queuedScan()
        let stop = StopSignal()
        let handler = ScriptedHandler { _, interruption in
            while !interruption.isRequested { await Task.yield() }
            throw Interrupted()
        }
        let running = Task { [consumer = consumer(handler)] in await consumer.run(until: stop) }
        await bench.clock.sleepers(1)
        stop.request()
        await bench.clock.sleepers(2)
        bench.clock.advance(by: .seconds(40))
        await running.value
        #expect(try await bench.queue.claim(from: .scan, by: "next")?.attempt == 1)
    }
}

/// A handler that does what a test says and keeps what was asked of it.
final class ScriptedHandler: JobHandler {
    private let script: @Sendable (Delivery, Interruption) async throws -> JobOutcome
    private let record = Mutex((handled: 0, abandoned: [ScanID: String]()))

    init(_ script: @escaping @Sendable (Delivery, Interruption) async throws -> JobOutcome) { self.script = script }

    var handled: Int { record.withLock { $0.handled } }
    var abandoned: [ScanID: String] { record.withLock { $0.abandoned } }

    func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome {
        record.withLock { $0.handled += 1 }
        return try await script(delivery, interruption)
    }

    func abandon(_ job: Job, because reason: String) async throws {
        record.withLock { $0.abandoned[job.scan] = reason }
    }
}
