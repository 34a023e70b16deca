import HTTPTypes
import Hummingbird

/// Where a user wants to be told that a scan ended. The URLs are the user's, and only somebody who signed in sets them.
enum WebhookRoutes {
    /// Each of them is called for each scan.
    private static let most = 20
    private static let shownDeliveries = 100

    static let endpoints = [
        Endpoint(.get, "/api/webhooks", .scope(.read), Operation("Webhooks.", .list(of: "Webhook"))) {
            services, _, context in
            let webhooks = try await services.store.webhooks(of: context.signedIn().id)
            return try JSON.reply(ListView(items: webhooks.map(WebhookView.init)))
        },
        Endpoint(
            .post, "/api/webhooks", .person,
            Operation(
                "Calls a URL whenever a scan ends.", body: .json("WebhookRequest"), status: 201, .json("Webhook"),
                refusals: [409])
        ) { services, request, context in try await make(services, request, context) },
        Endpoint(.delete, "/api/webhooks/:id", .person, Operation("Calls it no more.", status: 204, .nothing)) {
            services, _, context in
            guard try await services.store.removeWebhook(context.id, of: context.signedIn().id) else {
                throw Refusal.noSuchWebhook
            }
            return Response(status: .noContent)
        },
        Endpoint(
            .get, "/api/webhooks/:id/deliveries", .scope(.read),
            Operation("What became of the last calls, newest first.", .list(of: "WebhookDelivery"))
        ) { services, _, context in
            let id = context.id
            guard try await services.store.webhooks(of: context.signedIn().id).contains(where: { $0.id == id }) else {
                throw Refusal.noSuchWebhook
            }
            let deliveries = try await services.store.webhookDeliveries(of: id, limit: shownDeliveries)
            return try JSON.reply(ListView(items: deliveries.map(DeliveryView.init)))
        },
    ]

    private struct WebhookRequest: Decodable {
        let url: String
        let events: [String]?
    }

    private struct WebhookView: Encodable {
        let id: String
        let url: String
        let events: [WebhookEvent]
        let createdAt: Timestamp

        init(_ webhook: Webhook) {
            id = webhook.id
            url = webhook.url
            events = webhook.events
            createdAt = webhook.createdAt
        }
    }

    private struct DeliveryView: Encodable {
        let id: String
        let scanId: ScanID
        let event: WebhookEvent
        let status: WebhookDelivery.Status
        let attempts: Int
        let answer: Int?
        let problem: String?
        let createdAt: Timestamp
        let lastAttempt: Timestamp?

        init(_ delivery: WebhookDelivery) {
            id = delivery.id
            scanId = delivery.scan
            event = delivery.event
            status = delivery.status
            attempts = delivery.attempts
            answer = delivery.answer
            problem = delivery.problem
            createdAt = delivery.createdAt
            lastAttempt = delivery.lastAttempt
        }
    }

    private static func make(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.signedIn()
        let wanted = try await JSON.body(WebhookRequest.self, of: request)
        let url: WebhookURL
        do { url = try WebhookURL(wanted.url) } catch { throw Refusal(.badRequest, error.because) }
        // A name is judged when it is called, by what it resolves to then; an address can be judged now.
        if let address = IPAddress(url.host), !services.webhookAddresses.admits(address) {
            throw Refusal(.forbidden, "the url's address is not a public one")
        }
        let events = try wanted.events.map { try WebhookEvent.all(named: $0, in: "events") }
        guard try await services.store.webhooks(of: user.id).count < most else {
            throw Refusal(.conflict, "there are \(most) webhooks already; remove one first")
        }
        let webhook = Webhook(
            id: hexadecimal(Random.bytes(8)), userID: user.id, url: wanted.url, events: events ?? WebhookEvent.allCases,
            createdAt: services.time.now())
        try await services.store.add(webhook)
        return try JSON.reply(WebhookView(webhook), status: .created)
    }
}
