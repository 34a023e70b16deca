extension MongoStore {
    package func add(_ webhook: Webhook) async throws {
        try await insert(
            MongoLayout.webhooks,
            [
                "id": .text(webhook.id), "user_id": .text(webhook.userID), "url": .text(webhook.url),
                "events": .array(webhook.events.map { .text($0.rawValue) }), "created_at": .date(webhook.createdAt),
            ])
    }

    package func webhooks(of userID: String) async throws -> [Webhook] {
        try await find(
            MongoLayout.webhooks, ["user_id": .text(userID)], sort: ["created_at": 1, "id": 1], limit: 1000
        ).compactMap(Webhook.init)
    }

    /// The webhook first: a delivery that is written in between has no webhook, and goes with its retention.
    package func removeWebhook(_ id: String, of userID: String) async throws -> Bool {
        guard try await delete(MongoLayout.webhooks, ["id": .text(id), "user_id": .text(userID)]) == 1 else {
            return false
        }
        _ = try await delete(MongoLayout.deliveries, ["webhook_id": .text(id)])
        return true
    }

    package func put(_ delivery: WebhookDelivery) async throws {
        guard try await first(MongoLayout.webhooks, ["id": .text(delivery.webhookID)]) != nil else { return }
        var document: BSONDocument = [
            "webhook_id": .text(delivery.webhookID), "scan_id": .text(delivery.scan.description),
            "event": .text(delivery.event.rawValue), "created_at": .date(delivery.createdAt),
            "status": .text(delivery.status.rawValue), "attempts": .int(Int64(delivery.attempts)),
        ]
        document["answer"] = delivery.answer.map { .int(Int64($0)) }
        document["problem"] = delivery.problem.map { .text($0) }
        document["last_attempt"] = delivery.lastAttempt.map { .date($0) }
        // The whole document: what the last attempt does not have is gone.
        _ = try await upsert(MongoLayout.deliveries, ["_id": .text(delivery.id)], document)
    }

    package func webhookDelivery(_ id: String) async throws -> WebhookDelivery? {
        try await first(MongoLayout.deliveries, ["_id": .text(id)]).flatMap(WebhookDelivery.init)
    }

    package func webhookDeliveries(of webhookID: String, limit: Int) async throws -> [WebhookDelivery] {
        try await find(
            MongoLayout.deliveries, ["webhook_id": .text(webhookID)], sort: ["created_at": -1, "_id": 1], limit: limit
        ).compactMap(WebhookDelivery.init)
    }
}

extension Webhook {
    fileprivate init?(_ document: BSONDocument) {
        guard let id = document["id"]?.text, let user = document["user_id"]?.text, let url = document["url"]?.text,
            let events = document["events"]?.array, let created = document["created_at"]?.date
        else { return nil }
        self.init(
            id: id, userID: user, url: url,
            events: events.compactMap { $0.text.flatMap { WebhookEvent(rawValue: $0) } }, createdAt: created)
    }
}

extension WebhookDelivery {
    fileprivate init?(_ document: BSONDocument) {
        guard let webhook = document["webhook_id"]?.text, let scan = document["scan_id"]?.text.flatMap({ ScanID($0) }),
            let event = document["event"]?.text.flatMap({ WebhookEvent(rawValue: $0) }),
            let status = document["status"]?.text.flatMap({ Status(rawValue: $0) }),
            let created = document["created_at"]?.date, let attempts = document["attempts"]?.int
        else { return nil }
        self.init(webhookID: webhook, scan: scan, event: event, createdAt: created)
        self.status = status
        self.attempts = Int(attempts)
        answer = document["answer"]?.int.map { Int($0) }
        problem = document["problem"]?.text
        lastAttempt = document["last_attempt"]?.date
    }
}
