import CoreTypes
import Foundation
import HTTPTypes
import Synchronization
import SystemPackage
import Testing

@testable import Platform

@Suite("Telling webhooks")
struct WebhookJobTests {
    private struct Call: Sendable {
        let body: [UInt8]
        let url: String
        let headers: [String: String]
    }

    /// Answers as it is told, and remembers what was posted.
    private final class Receiver: Sendable {
        let calls = Mutex<[Call]>([])
        let outcomes: Mutex<[String: WebhookClient.Outcome]>

        init(_ outcomes: [String: WebhookClient.Outcome] = [:]) { self.outcomes = Mutex(outcomes) }

        func post(_ body: [UInt8], _ url: String, _ headers: [(name: String, value: String)]) -> WebhookClient.Outcome {
            calls.withLock { $0.append(Call(body: body, url: url, headers: Dictionary(headers) { $1 })) }
            return outcomes.withLock { $0[url] ?? .answered(204) }
        }
    }

    private let bench: Bench
    private let receiver = Receiver()
    init() throws { bench = try Bench() }

    private static let secret = Secret("a-secret-for-webhooks", named: "WEBHOOK_SECRET")

    private func consumer(secret: Secret? = Self.secret, logger: LogLines = LogLines()) -> JobConsumer {
        let receiver = receiver
        return JobConsumer(
            queue: bench.queue, topic: .webhook, name: "hook",
            handler: WebhookJob(store: bench.store, secret: secret, time: bench.time.clock, logger: logger.logger) {
                receiver.post($0, $1, $2)
            },
            patience: WebhookJob.patience, clock: bench.clock, logger: logger.logger)
    }

    private func hook(_ url: String, _ events: [WebhookEvent] = WebhookEvent.allCases, of user: String = "u")
        async throws -> Webhook
    {
        let hook = Webhook(
            id: hexadecimal(sha256(Array(url.utf8)).prefix(8)), userID: user, url: url, events: events,
            createdAt: bench.time.now)
        try await bench.store.add(hook)
        return hook
    }

    /// A scan that has ended, with its job.
    private func ended(_ outcome: ScanOutcome) async throws -> Scan {
        let scan = Scan(id: .random(), userID: "u", fileName: nil, uploadBytes: 1, createdAt: bench.time.now)
        try await bench.store.create(scan)
        try await bench.store.finish(scan.id, as: outcome)
        try await bench.queue.add(Job(scan: scan.id), to: .webhook)
        return scan
    }

    private func run(_ consumer: JobConsumer) async throws -> Bool { try await consumer.runNext(stop: StopSignal()) }

    @Test(
        "each webhook of the scan's user that wants the event is told once, with the scan and a signature that proves it"
    )
    func told() async throws {
        let hook = try await hook("https://a.example/x")
        _ = try await self.hook("https://b.example/", [.failed])
        _ = try await self.hook("https://c.example/", of: "somebody else")
        let scan = try await ended(.completed(ScanTotals(files: 1, bytes: 1, skipped: 0)))
        #expect(try await run(consumer()))
        let calls = receiver.calls.withLock { $0 }
        #expect(calls.map(\.url) == ["https://a.example/x"])
        let call = try #require(calls.first)
        let message = try #require(try JSONSerialization.jsonObject(with: Data(call.body)) as? [String: Any])
        #expect(message["event"] as? String == "scan.completed" && call.headers["X-CSPM-Event"] == "scan.completed")
        #expect((message["scan"] as? [String: Any])?["scan_id"] as? String == scan.id.description)
        // As a receiver computes it.
        let timestamp = try #require(call.headers["X-CSPM-Timestamp"])
        #expect(timestamp == "\(bench.time.now.seconds)")
        let signed = Array("\(timestamp).".utf8) + call.body
        #expect(
            call.headers["X-CSPM-Signature"]
                == "sha256=" + hexadecimal(hmacSHA256(signed, key: Array("a-secret-for-webhooks".utf8))))
        let log = try await bench.store.webhookDeliveries(of: hook.id, limit: 9)
        #expect(log.map(\.status) == [.delivered] && log.first?.answer == 204 && log.first?.attempts == 1)
        #expect(log.first?.id == call.headers["X-CSPM-Delivery"])
        #expect(try await bench.queue.counts(of: .webhook) == QueueCounts(waiting: 0, held: 0, dead: 0))
    }

    @Test("a signature is the one that is documented")
    func vector() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        let headers = WebhookSignature.headers(
            Array("{}".utf8), secret: Secret("key", named: "WEBHOOK_SECRET"),
            at: Timestamp(milliseconds: 1_700_000_000_999))
        #expect(headers.map(\.name) == ["X-CSPM-Timestamp", "X-CSPM-Signature"])
        #expect(
            headers.map(\.value) == [
                "1700000000", "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae",
            ])
    }

    @Test("who does not take it is called again after growing pauses; who took it is not")
    func retries() async throws {
        let good = try await hook("https://good.example/")
        let bad = try await hook("https://bad.example/")
        receiver.outcomes.withLock { $0["https://bad.example/"] = .answered(500) }
        let scan = try await ended(.failed(reason: "x"))
        let consumer = consumer()
        for pause in [10, 20, 40, 80, 160, 320, 640] {
            #expect(try await run(consumer))
            bench.time.advance(by: .seconds(pause) - .milliseconds(1))
            #expect(try await !run(consumer))
            bench.time.advance(by: .milliseconds(1))
        }
        #expect(try await run(consumer))
        bench.time.advance(by: .seconds(86_400))
        #expect(try await !run(consumer))
        let urls = receiver.calls.withLock { $0.map(\.url) }
        #expect(urls.count { $0 == good.url } == 1 && urls.count { $0 == bad.url } == 8)
        let log = try #require(try await bench.store.webhookDeliveries(of: bad.id, limit: 9).first)
        #expect(log.status == .failed && log.attempts == 8 && log.answer == 500 && log.problem == "it answered 500")
        #expect(log.scan == scan.id)
        // The same delivery each time, so that a receiver can tell.
        let deliveries = receiver.calls.withLock {
            $0.filter { $0.url == bad.url }.compactMap { $0.headers["X-CSPM-Delivery"] }
        }
        #expect(Set(deliveries) == [log.id])
        #expect(try await bench.queue.counts(of: .webhook).dead == 1)
    }

    @Test("without a secret nothing is sent, and the log says why; no log of ours has a URL or the secret")
    func quiet() async throws {
        let hook = try await hook("https://a.example/token-in-path")
        _ = try await ended(.cancelled(reason: "x"))
        let lines = LogLines()
        #expect(try await run(consumer(secret: nil, logger: lines)))
        #expect(receiver.calls.withLock { $0.isEmpty })
        let log = try await bench.store.webhookDeliveries(of: hook.id, limit: 9)
        #expect(log.map(\.status) == [.failed] && log.first?.problem == "the platform has no WEBHOOK_SECRET")
        _ = try await ended(.cancelled(reason: "x"))
        #expect(try await run(consumer(logger: lines)))
        #expect(!lines.text.contains("token-in-path") && !lines.text.contains("a-secret-for"))
    }

    @Test("every end of a scan leads to the webhooks: engine, worker, dead letter and cancel")
    func ends() async throws {
        let (user, token) = try await bench.setUp()
        func waiting() async throws -> Int { try await bench.queue.counts(of: .webhook).waiting }
        let worker = bench.worker()
        let engine = JobConsumer(
            queue: bench.queue, topic: .engine, name: "engine",
            handler: EngineJob(
                store: bench.store, data: bench.data, scanner: LineSource(), clock: bench.clock, logger: .silent),
            clock: bench.clock, logger: .silent)
        for (number, bytes) in [Zip.archive([("a", [10])]), Array("no ZIP".utf8)].enumerated() {
            let scan = try await bench.queuedScan(of: user.id)
            try Data(bytes).write(to: URL(filePath: bench.data.upload(scan.id).string))
            #expect(try await run(worker))
            _ = try await run(engine)
            #expect(try await bench.store.scan(scan.id)?.status.isOpen == false)
            #expect(try await waiting() == number + 1)
        }
        let lost = try await bench.queuedScan(of: user.id)
        for attempt in 1...5 {
            #expect(try await run(worker))
            bench.time.advance(by: .seconds(1 << attempt))
        }
        #expect(try await bench.store.scan(lost.id)?.status == .failed)
        #expect(try await waiting() == 3)
        let scan = try await bench.queuedScan(of: user.id)
        let reply = try await bench.api {
            try await $0.send(.post, "/api/scans/\(scan.id)/cancel", token: token)
        }
        #expect(reply.status == 200)
        #expect(try await waiting() == 4)
    }
}
