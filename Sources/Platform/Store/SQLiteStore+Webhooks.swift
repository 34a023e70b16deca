extension SQLiteStore {
    package func add(_ webhook: Webhook) async throws {
        try await write { database in
            try database.execute(
                sql: "INSERT INTO webhooks (id, user_id, url, events, created_at) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    webhook.id, webhook.userID, webhook.url, webhook.events.map(\.rawValue).joined(separator: " "),
                    webhook.createdAt.milliseconds,
                ])
        }
    }

    package func webhooks(of userID: String) async throws -> [Webhook] {
        try await read {
            try Row.fetchAll(
                $0, sql: "SELECT * FROM webhooks WHERE user_id = ? ORDER BY created_at, id", arguments: [userID]
            ).map(Webhook.init)
        }
    }

    package func removeWebhook(_ id: String, of userID: String) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM webhooks WHERE id = ? AND user_id = ?", arguments: [id, userID])
            return database.changesCount == 1
        }
    }

    package func put(_ delivery: WebhookDelivery) async throws {
        try await write { database in
            // A webhook that was removed meanwhile has no log.
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO webhook_deliveries
                        (id, webhook_id, scan_id, event, created_at, status, attempts, answer, problem, last_attempt)
                    SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM webhooks WHERE id = ?
                    """,
                arguments: [
                    delivery.id, delivery.scan.description, delivery.event.rawValue, delivery.createdAt.milliseconds,
                    delivery.status.rawValue, delivery.attempts, delivery.answer, delivery.problem,
                    delivery.lastAttempt?.milliseconds, delivery.webhookID,
                ])
        }
    }

    package func webhookDelivery(_ id: String) async throws -> WebhookDelivery? {
        try await read {
            try Row.fetchOne($0, sql: "SELECT * FROM webhook_deliveries WHERE id = ?", arguments: [id])
                .flatMap(WebhookDelivery.init)
        }
    }

    package func webhookDeliveries(of webhookID: String, limit: Int) async throws -> [WebhookDelivery] {
        try await read {
            try Row.fetchAll(
                $0,
                sql: """
                    SELECT * FROM webhook_deliveries WHERE webhook_id = ? ORDER BY created_at DESC, id LIMIT ?
                    """, arguments: [webhookID, limit]
            ).compactMap(WebhookDelivery.init)
        }
    }
}

extension Webhook {
    fileprivate init(_ row: Row) {
        self.init(
            id: row["id"], userID: row["user_id"], url: row["url"],
            events: (row["events"] as String).split(separator: " ").compactMap { WebhookEvent(rawValue: String($0)) },
            createdAt: Timestamp(milliseconds: row["created_at"]))
    }
}

extension WebhookDelivery {
    fileprivate init?(_ row: Row) {
        guard let scan = ScanID(row["scan_id"] as String), let event = WebhookEvent(rawValue: row["event"]),
            let status = Status(rawValue: row["status"])
        else { return nil }
        self.init(
            webhookID: row["webhook_id"], scan: scan, event: event,
            createdAt: Timestamp(milliseconds: row["created_at"]))
        self.status = status
        attempts = row["attempts"]
        answer = row["answer"]
        problem = row["problem"]
        lastAttempt = (row["last_attempt"] as Int64?).map { Timestamp(milliseconds: $0) }
    }
}
