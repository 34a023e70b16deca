package import CoreTypes
import FoundationEssentials
package import Logging

/// Tells a scan's webhooks how it ended. Each one is told at least once; what was told is not told again by a retry.
///
/// The queue does the rest: retries with growing pauses, one sender at a time, dead letters.
package struct WebhookJob: JobHandler {
    /// Some 40 minutes altogether: 10, 20, 40 … s between them.
    package static let patience = {
        var patience = JobConsumer.Patience()
        patience.tries = 8
        patience.retryDelay = .seconds(10)
        return patience
    }()

    package typealias Post =
        @Sendable (
            _ body: [UInt8], _ url: String, _ headers: [(name: String, value: String)]
        ) async throws -> WebhookClient.Outcome

    private let store: any ResultStore
    private let secret: Secret?
    private let post: Post
    private let time: WallClock
    private let logger: Logger

    /// Without a secret nothing is sent, and the log of deliveries says so.
    package init(
        store: any ResultStore, secret: Secret?, time: WallClock, logger: Logger, post: @escaping Post
    ) {
        self.store = store
        self.secret = secret
        self.post = post
        self.time = time
        self.logger = logger
    }

    private struct Undelivered: Error, CustomStringConvertible {
        let count: Int
        var description: String { "\(count) webhooks could not be told" }
    }

    private struct Message: Encodable {
        let event: WebhookEvent
        let delivery: String
        let scan: ScanView
    }

    package func handle(_ delivery: Platform.Delivery, interruption: Interruption) async throws -> JobOutcome {
        guard let scan = try await store.scan(delivery.job.scan), let event = WebhookEvent(scan.status) else {
            return .done
        }
        var undelivered = 0
        for webhook in try await store.webhooks(of: scan.userID) where webhook.events.contains(event) {
            guard !interruption.isRequested else { throw Interrupted() }
            var entry = WebhookDelivery(webhookID: webhook.id, scan: scan.id, event: event, createdAt: time.now())
            if let known = try await store.webhookDelivery(entry.id) { entry = known }
            guard entry.status == .pending else { continue }
            try await attempt(&entry, webhook, scan)
            try await store.put(entry)
            if entry.status == .pending { undelivered += 1 }
        }
        guard undelivered == 0 else { throw Undelivered(count: undelivered) }
        return .done
    }

    package func abandon(_ job: Job, because reason: String) async throws {
        guard let scan = try await store.scan(job.scan), let event = WebhookEvent(scan.status) else { return }
        for webhook in try await store.webhooks(of: scan.userID) where webhook.events.contains(event) {
            let id = WebhookDelivery(webhookID: webhook.id, scan: scan.id, event: event, createdAt: time.now()).id
            guard var entry = try await store.webhookDelivery(id), entry.status == .pending else { continue }
            entry.status = .failed
            try await store.put(entry)
        }
    }

    private func attempt(_ entry: inout WebhookDelivery, _ webhook: Webhook, _ scan: Scan) async throws {
        entry.attempts += 1
        entry.lastAttempt = time.now()
        (entry.answer, entry.problem) = (nil, nil)
        guard let secret else {
            (entry.status, entry.problem) = (.failed, "the platform has no WEBHOOK_SECRET")
            return
        }
        let message = Message(event: entry.event, delivery: entry.id, scan: ScanView(scan))
        let body = Array(try ReportJSON.text(message).utf8)
        let headers = WebhookSignature.headers(body, secret: secret, at: time.now())
        switch try await post(
            body, webhook.url,
            headers + [("X-CSPM-Event", entry.event.rawValue), ("X-CSPM-Delivery", entry.id)])
        {
        case .answered(let status):
            entry.answer = status
            if (200..<300).contains(status) {
                entry.status = .delivered
            } else {
                entry.problem = "it answered \(status)"
            }
        case .failed(let problem): entry.problem = problem
        }
        // The URL may hold a token of its user's: it is not logged.
        logger.info(
            "A webhook was called.",
            metadata: [
                "webhook": "\(webhook.id)", "scan": "\(scan.id)", "status": "\(entry.status)",
                "problem": "\(entry.problem ?? "")",
            ])
    }
}
