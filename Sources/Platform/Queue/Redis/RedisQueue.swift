package import CoreTypes
import Synchronization

/// The queue in Redis: streams with a consumer group, one atomic script a step, so that a job is never in two places and
/// never in none, whoever dies when.
package struct RedisQueue: JobQueue {
    /// More jobs than any host works off in a day; a queue that is fuller refuses, and upkeep adds the job later.
    private static let bound = 100_000
    private static let deadLetters = 1000
    package let lease: Duration
    private let client: RedisClient
    private let prefix: String
    private let bound: Int
    /// A wait ends at least this often: a delayed or orphaned job comes without a sound.
    private let look: Duration
    /// `nil`: the clock of the server, which all consumers share.
    private let time: WallClock?
    private let memory = Memory()
    private let pings: SharedReads<[String], RedisReply>

    /// What this program remembers of its own calls.
    private final class Memory: Sendable {
        let lastSeen = Mutex<[Topic: String]>([:])
        let consumers = Mutex<Set<String>>([])
    }

    /// Does not wait for Redis. A dead consumer is missed after one short lease, and at once by its own successor.
    package init(
        _ url: Secret, prefix: String = "cspm:jobs", lease: Duration = .seconds(6), bound: Int = Self.bound,
        look: Duration = .seconds(1), time: WallClock? = nil
    ) throws(OperatorError) {
        let client = try RedisClient(url)
        self.client = client
        pings = SharedReads { try await client.run($0) }
        self.prefix = prefix
        self.lease = lease
        self.bound = bound
        self.look = look
        self.time = time
    }

    package func ping() async throws {
        _ = try await translating { try await pings.answer(to: ["PING"]) }
    }

    @discardableResult
    package func add(_ job: Job, to topic: Topic) async throws -> Bool {
        let reply = try await run(Scripts.add, topic, ["\(bound)", job.scan.description, job.payload])
        if reply == .integer(-1) { throw QueueError.full }
        return reply == .integer(1)
    }

    package func claim(from topic: Topic, by consumer: String) async throws -> Delivery? {
        let nonce = hexadecimal(Random.bytes(8))
        let isFirst = memory.consumers.withLock { $0.insert("\(topic) \(consumer)").inserted }
        let reply: RedisReply
        do {
            reply = try await run(
                Scripts.claim, topic, ["\(lease.wholeMilliseconds)", consumer, nonce, isFirst ? "1" : "0"])
        } catch {
            _ = memory.consumers.withLock { $0.remove("\(topic) \(consumer)") }
            throw error
        }
        let fields = reply.list ?? []
        guard fields.count == 4, let id = fields[0].text, let scan = fields[1].text.flatMap({ ScanID($0) }),
            let payload = fields[2].text, let attempt = fields[3].integer
        else {
            memory.lastSeen.withLock { $0[topic] = fields.first?.text }
            return nil
        }
        return Delivery(
            job: Job(scan: scan, payload: payload), topic: topic, attempt: attempt, receipt: "\(id)-\(nonce)")
    }

    package func waitForJob(in topic: Topic, atMost span: Duration) async throws {
        let stream = keys(topic)[0]
        // From what the last claim saw: a job that was added since then ends the wait at once.
        let last = memory.lastSeen.withLock { $0[topic] } ?? "$"
        let span = max(1, min(span, look).wholeMilliseconds)
        do {
            _ = try await translating {
                try await client.run(["XREAD", "COUNT", "1", "BLOCK", "\(span)", "STREAMS", stream, last])
            }
        } catch is CancellationError {}
    }

    package func extend(_ delivery: Delivery) async throws {
        try await change(delivery, Scripts.extend, [])
    }

    package func acknowledge(_ delivery: Delivery, successor: (job: Job, topic: Topic)?) async throws {
        let next = successor.map { [$0.job.payload] } ?? []
        try await change(
            delivery, Scripts.acknowledge, [delivery.job.scan.description] + next,
            moreKeys: successor.map { keys($0.topic) } ?? [])
    }

    package func giveBack(_ delivery: Delivery, after delay: Duration, countingTry: Bool) async throws {
        try await change(
            delivery, Scripts.giveBack,
            ["\(delay.wholeMilliseconds)", "\(countingTry ? delivery.attempt : delivery.attempt - 1)"])
    }

    package func bury(_ delivery: Delivery, because reason: String) async throws {
        try await change(
            delivery, Scripts.bury,
            [
                delivery.job.scan.description, delivery.job.payload, "\(delivery.attempt)", reason,
                "\(Self.deadLetters)",
            ])
    }

    package func counts(of topic: Topic) async throws -> QueueCounts {
        let counts = try await run(Scripts.counts, topic, ["\(lease.wholeMilliseconds)"]).list?.compactMap(\.integer)
        guard let counts, counts.count == 3 else { throw QueueError.unavailable("Redis' reply is not readable") }
        return QueueCounts(waiting: counts[0], held: counts[1], dead: counts[2])
    }

    // MARK: Inside

    private func keys(_ topic: Topic) -> [String] {
        ["stream", "known", "receipts", "delayed", "dead"].map { "\(prefix):\(topic.rawValue):\($0)" }
    }

    private func run(_ script: RedisScript, _ topic: Topic, _ arguments: [String], moreKeys: [String] = []) async throws
        -> RedisReply
    {
        let now = time.map { "\($0.now().milliseconds)" } ?? ""
        return try await translating {
            try await client.run(script, keys: keys(topic) + moreKeys, [now] + arguments)
        }
    }

    /// Changes a job only while the receipt holds; a lease that ran out unclaimed still does.
    private func change(
        _ delivery: Delivery, _ script: RedisScript, _ arguments: [String], moreKeys: [String] = []
    ) async throws {
        let parts = delivery.receipt.split(separator: "-")
        guard parts.count == 3 else { throw QueueError.leaseLost }
        let reply = try await run(
            script, delivery.topic, ["\(parts[0])-\(parts[1])", String(parts[2])] + arguments, moreKeys: moreKeys)
        guard reply == .integer(1) else { throw QueueError.leaseLost }
    }

    private func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let failure as RedisClient.Failure { throw QueueError(failure) }
    }
}

extension QueueError {
    init(_ failure: RedisClient.Failure) {
        self =
            switch failure {
            case .full: .full
            case .unreachable(let reason): .unavailable(reason)
            case .refused(let code): .unavailable("Redis refused a command (\(code))")
            }
    }
}
