import CoreTypes
import Glibc
import Logging
import Platform

/// Adds jobs that do nothing to the queue in Redis, or works them off as the worker does: `queue-benchmark add COUNT`,
/// `queue-benchmark work CONSUMERS`. REDIS_URL names the server; `work` goes on until it is ended.
@main
enum QueueBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, ["add", "work"].contains(arguments[1]), let count = Int(arguments[2]), count > 0,
            let url = getenv("REDIS_URL")
        else { fatalError("usage: REDIS_URL=redis://… queue-benchmark add COUNT | work CONSUMERS") }
        let queue = try RedisQueue(Secret(String(cString: url), named: "REDIS_URL"))
        if arguments[1] == "add" {
            for _ in 0..<count { try await queue.add(Job(scan: .random()), to: .webhook) }
        } else {
            await work(queue, consumers: count)
        }
    }

    private static func work(_ queue: RedisQueue, consumers: Int) async {
        let stop = StopSignal()
        let logger = Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() })
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<consumers {
                let consumer = JobConsumer(
                    queue: queue, topic: .webhook, name: "consumer-\(number)", handler: Nothing(),
                    clock: ContinuousClock(), logger: logger)
                group.addTask { await consumer.run(until: stop) }
            }
        }
    }
}

private struct Nothing: JobHandler {
    var successorOfAbandoned: Topic? { nil }
    func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome { .done }
    func abandon(_ job: Job, because reason: String) async throws {}
}
