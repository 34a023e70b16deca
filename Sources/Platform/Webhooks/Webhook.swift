/// An address of a user's that is told when a scan ends.
package struct Webhook: Sendable, Equatable {
    package let id: String
    package let userID: String
    package let url: String
    package let events: [WebhookEvent]
    package let createdAt: Timestamp

    package init(id: String, userID: String, url: String, events: [WebhookEvent], createdAt: Timestamp) {
        self.id = id
        self.userID = userID
        self.url = url
        self.events = events
        self.createdAt = createdAt
    }
}

/// How a scan ended.
package enum WebhookEvent: String, Sendable, Codable, CaseIterable {
    case completed = "scan.completed"
    case partial = "scan.partial"
    case failed = "scan.failed"
    case cancelled = "scan.cancelled"

    /// `nil` for a scan that is open.
    package init?(_ status: ScanStatus) {
        switch status {
        case .queued, .running: return nil
        case .completed: self = .completed
        case .partial: self = .partial
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }
}

/// What became of telling one webhook about one scan; the log that its user reads.
package struct WebhookDelivery: Sendable, Equatable {
    package enum Status: String, Sendable, Codable { case pending, delivered, failed }

    /// The same for each attempt, so that a receiver can tell a repeated one.
    package let id: String
    package let webhookID: String
    package let scan: ScanID
    package let event: WebhookEvent
    package let createdAt: Timestamp
    package var status = Status.pending
    package var attempts = 0
    /// Of the last attempt: what the receiver answered, or why there was no answer.
    package var answer: Int?
    package var problem: String?
    package var lastAttempt: Timestamp?

    package init(webhookID: String, scan: ScanID, event: WebhookEvent, createdAt: Timestamp) {
        id = hexadecimal(sha256(Array("\(webhookID) \(scan)".utf8)).prefix(16))
        self.webhookID = webhookID
        self.scan = scan
        self.event = event
        self.createdAt = createdAt
    }
}
