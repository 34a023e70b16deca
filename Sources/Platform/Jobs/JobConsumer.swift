package import Logging

/// Takes jobs of one topic, one at a time: heartbeat, acknowledge after the effect, retry, dead letter, stop.
package struct JobConsumer: Sendable {
    /// How patient a consumer is.
    package struct Patience: Sendable {
        /// After this many tries a job is a dead letter.
        package var tries = 5
        /// Before the second try; it doubles with each further one.
        package var retryDelay: Duration = .seconds(2)
        /// How long the current job may go on after a stop before it is handed back.
        package var grace: Duration = .seconds(40)
        /// After the queue did not answer.
        package var outage: Duration = .seconds(1)

        package init() {}
    }

    private enum Ending: Sendable {
        case handled(JobOutcome)
        case failed(any Error)
    }

    private let queue: any JobQueue
    private let topic: Topic
    private let name: String
    private let handler: any JobHandler
    private let patience: Patience
    private let clock: any Clock<Duration>
    private let alarms: Alarms
    private let logger: Logger

    package init(
        queue: any JobQueue, topic: Topic, name: String, handler: any JobHandler, patience: Patience = Patience(),
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.queue = queue
        self.topic = topic
        self.name = name
        self.handler = handler
        self.patience = patience
        self.clock = clock
        alarms = Alarms(clock)
        self.logger = logger
    }

    /// Works until the stop: then it takes no new job, and the one it has is finished or handed back.
    package func run(until stop: StopSignal) async {
        while !stop.isRequested {
            do {
                if try await runNext(stop: stop) { continue }
                try await unless(stop) { try await queue.waitForJob(in: topic, atMost: .seconds(30)) }
            } catch {
                logger.error("The queue did not answer; jobs wait.", metadata: ["error": "\(error)"])
                await unless(stop) { try? await clock.sleep(for: patience.outage) }
            }
        }
    }

    /// Takes and ends one job; `false` where none waits.
    package func runNext(stop: StopSignal) async throws -> Bool {
        guard let delivery = try await queue.claim(from: topic, by: name) else { return false }
        var log = logger
        log[metadataKey: "scan"] = "\(delivery.job.scan)"
        log[metadataKey: "attempt"] = "\(delivery.attempt)"
        do {
            if delivery.attempt > patience.tries {
                // Whoever had it the last time died without a word.
                try await abandon(delivery, because: "it was tried \(patience.tries) times and never finished", log)
                return true
            }
            try await end(delivery, try await work(on: delivery, stop: stop, log), log)
        } catch QueueError.leaseLost {
            log.warning("The job's lease ran out; whoever has it now finishes it.")
        }
        return true
    }

    private func end(_ delivery: Delivery, _ ending: Ending, _ log: Logger) async throws {
        switch ending {
        case .handled(.done):
            try await queue.acknowledge(delivery, successor: nil)
            log.info("The job is done.")
        case .handled(.followed(let job, let topic)):
            try await queue.acknowledge(delivery, successor: (job, topic))
            log.info("The job is handed on.", metadata: ["topic": "\(topic)"])
        case .failed(is Interrupted):
            try await queue.giveBack(delivery, after: .zero, countingTry: false)
            log.info("The job is handed back.")
        case .failed(let error) where delivery.attempt >= patience.tries:
            log.error("The last try failed.", metadata: ["error": "\(error)"])
            try await abandon(delivery, because: "it failed \(delivery.attempt) times", log)
        case .failed(let error):
            log.error("The job failed and will be tried again.", metadata: ["error": "\(error)"])
            let delay = patience.retryDelay * (1 << min(delivery.attempt - 1, 8))
            try await queue.giveBack(delivery, after: delay, countingTry: true)
        }
    }

    /// The scan first, the job after: a crash in between repeats the first and loses nothing.
    private func abandon(_ delivery: Delivery, because reason: String, _ log: Logger) async throws {
        try await handler.abandon(delivery.job, because: reason)
        if let next = handler.successorOfAbandoned { try await queue.add(Job(scan: delivery.job.scan), to: next) }
        try await queue.bury(delivery, because: reason)
        log.error("The job is a dead letter.", metadata: ["reason": "\(reason)"])
    }

    private func work(on delivery: Delivery, stop: StopSignal, _ log: Logger) async throws -> Ending {
        let interruption = Interruption()
        return try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                do {
                    return .handled(try await handler.handle(delivery, interruption: interruption))
                } catch {
                    return .failed(error)
                }
            }
            group.addTask {
                do { try await heartbeat(delivery, log) } catch {
                    interruption.request()
                    throw error
                }
                return nil
            }
            group.addTask {
                await stop.wait()
                guard stop.isRequested, (try? await clock.sleep(for: patience.grace)) != nil else { return nil }
                interruption.request()
                return nil
            }
            defer { group.cancelAll() }
            while let ending = try await group.next() {
                if let ending { return ending }
            }
            throw QueueError.leaseLost
        }
    }

    /// Extends the lease until it is cancelled; throws only when the lease is lost.
    private func heartbeat(_ delivery: Delivery, _ log: Logger) async throws {
        while (try? await alarms.sleep(for: queue.lease / 3)) != nil {
            do { try await queue.extend(delivery) } catch QueueError.leaseLost {
                throw QueueError.leaseLost
            } catch is CancellationError {
                return
            } catch {
                log.warning("The lease could not be extended; next try soon.", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Runs `work`, and cancels it when the stop comes first.
    private func unless(_ stop: StopSignal, _ work: @escaping @Sendable () async throws -> Void) async rethrows {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work() }
            group.addTask { await stop.wait() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
