import Platform
import Testing

/// What every job queue promises; each implementation's suite runs all of it.
struct QueuePromise: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any JobQueue, TestTime) async throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (any JobQueue, TestTime) async throws -> Void) {
        testDescription = name
        self.check = check
    }

    private static func counts(_ waiting: Int, _ held: Int, _ dead: Int) -> QueueCounts {
        QueueCounts(waiting: waiting, held: held, dead: dead)
    }

    static let all = [
        QueuePromise("jobs come out in order, each to one consumer, and only of the topic asked for") { queue, _ in
            let jobs = (0..<5).map { Job(scan: .random(), payload: "p\($0)") }
            for job in jobs { #expect(try await queue.add(job, to: .scan)) }
            #expect(try await queue.claim(from: .engine, by: "e") == nil)
            var claimed: [Job] = []
            while let delivery = try await queue.claim(from: .scan, by: "w\(claimed.count % 2)") {
                #expect(delivery.attempt == 1 && delivery.topic == .scan)
                claimed.append(delivery.job)
            }
            #expect(claimed == jobs)
            #expect(try await queue.counts(of: .scan) == counts(0, 5, 0))
        },
        QueuePromise("a job that is added again is there once, also while it is held") { queue, _ in
            let job = Job(scan: .random())
            #expect(try await queue.add(job, to: .scan))
            #expect(try await !queue.add(job, to: .scan))
            _ = try #require(await queue.claim(from: .scan, by: "w"))
            #expect(try await !queue.add(job, to: .scan))
            #expect(try await queue.claim(from: .scan, by: "w") == nil)
        },
        QueuePromise("an acknowledged job is gone") { queue, time in
            try await queue.add(Job(scan: .random()), to: .scan)
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            try await queue.acknowledge(delivery, successor: nil)
            time.advance(by: queue.lease * 2)
            #expect(try await queue.claim(from: .scan, by: "w") == nil)
            #expect(try await queue.counts(of: .scan) == counts(0, 0, 0))
        },
        QueuePromise("a dead consumer's job goes to the next one when the lease is over, not before") { queue, time in
            let job = Job(scan: .random())
            try await queue.add(job, to: .scan)
            _ = try #require(await queue.claim(from: .scan, by: "dead"))
            time.advance(by: queue.lease - .milliseconds(20))
            #expect(try await queue.claim(from: .scan, by: "next") == nil)
            time.advance(by: .milliseconds(20))
            let again = try #require(await queue.claim(from: .scan, by: "next"))
            #expect(again.job == job && again.attempt == 2)
        },
        QueuePromise("a heartbeat keeps the job for another lease") { queue, time in
            try await queue.add(Job(scan: .random()), to: .scan)
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            time.advance(by: queue.lease - .milliseconds(20))
            try await queue.extend(delivery)
            time.advance(by: queue.lease - .milliseconds(20))
            #expect(try await queue.claim(from: .scan, by: "other") == nil)
        },
        QueuePromise("who lost the lease can neither extend, acknowledge, give back nor bury") { queue, time in
            try await queue.add(Job(scan: .random()), to: .scan)
            let late = try #require(await queue.claim(from: .scan, by: "late"))
            time.advance(by: queue.lease)
            let current = try #require(await queue.claim(from: .scan, by: "current"))
            await #expect(throws: QueueError.leaseLost) { try await queue.extend(late) }
            await #expect(throws: QueueError.leaseLost) {
                try await queue.acknowledge(late, successor: (Job(scan: late.job.scan), .engine))
            }
            await #expect(throws: QueueError.leaseLost) {
                try await queue.giveBack(late, after: .zero, countingTry: true)
            }
            await #expect(throws: QueueError.leaseLost) { try await queue.bury(late, because: "x") }
            #expect(try await queue.counts(of: .engine) == counts(0, 0, 0))
            try await queue.acknowledge(current, successor: nil)
        },
        QueuePromise("the successor is there exactly when the job is gone") { queue, _ in
            let job = Job(scan: .random())
            try await queue.add(job, to: .scan)
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            let next = Job(scan: job.scan, payload: "folder")
            try await queue.acknowledge(delivery, successor: (next, .engine))
            #expect(try await queue.claim(from: .scan, by: "w") == nil)
            #expect(try await queue.claim(from: .engine, by: "e")?.job == next)
        },
        QueuePromise("a job handed back whole is first again and has lost no try") { queue, _ in
            let jobs = [Job(scan: .random()), Job(scan: .random())]
            for job in jobs { try await queue.add(job, to: .scan) }
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            try await queue.giveBack(delivery, after: .zero, countingTry: false)
            let again = try #require(await queue.claim(from: .scan, by: "w"))
            #expect(again.job == jobs[0] && again.attempt == 1 && again.receipt != delivery.receipt)
        },
        QueuePromise("a job given back for later waits for its delay and counts its try") { queue, time in
            try await queue.add(Job(scan: .random()), to: .scan)
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            try await queue.giveBack(delivery, after: .seconds(4), countingTry: true)
            #expect(try await queue.claim(from: .scan, by: "w") == nil)
            time.advance(by: .seconds(4))
            #expect(try await queue.claim(from: .scan, by: "w")?.attempt == 2)
        },
        QueuePromise("a buried job is a dead letter and never comes back") { queue, time in
            try await queue.add(Job(scan: .random()), to: .scan)
            let delivery = try #require(await queue.claim(from: .scan, by: "w"))
            try await queue.bury(delivery, because: "it failed 5 times")
            time.advance(by: queue.lease * 10)
            #expect(try await queue.claim(from: .scan, by: "w") == nil)
            #expect(try await queue.counts(of: .scan) == counts(0, 0, 1))
        },
        QueuePromise("many consumers at once get every job exactly once") { queue, _ in
            let jobs = (0..<60).map { _ in Job(scan: .random()) }
            for job in jobs { try await queue.add(job, to: .engine) }
            let claimed = try await withThrowingTaskGroup(of: [ScanID].self) { group in
                for consumer in 0..<6 {
                    group.addTask {
                        var mine: [ScanID] = []
                        while let delivery = try await queue.claim(from: .engine, by: "c\(consumer)") {
                            mine.append(delivery.job.scan)
                            try await queue.acknowledge(delivery, successor: nil)
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 60 && Set(claimed) == Set(jobs.map(\.scan)))
        },
    ]
}
