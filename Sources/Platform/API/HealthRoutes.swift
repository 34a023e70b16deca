import CoreTypes
import HTTPTypes
import Hummingbird

/// Health for people and nginx, and the two probes of the supervisor.
enum HealthRoutes {
    static let endpoints = [
        Endpoint(
            .get, "/api/health", .anybody,
            Operation("How the parts of the platform are.", .json("Health"), alsoWith: [503])
        ) { services, _, _ in try await report(services) },
        Endpoint(.get, "/api/health/live", .anybody, Operation("Whether the program runs.", .json("Status"))) {
            _, _, _ in
            try JSON.reply(Status(status: "live"))
        },
        Endpoint(.get, "/api/health/ready", .anybody, Operation("Whether requests can be served.", .json("Status"))) {
            services, _, _ in
            let parts = await check(services)
            guard let down = parts.first(where: { !$0.value.isOK }) else {
                return try JSON.reply(Status(status: "ready"))
            }
            throw Refusal(.serviceUnavailable, "the \(down.key) does not answer")
        },
    ]

    static func isHealth(_ path: String) -> Bool { path == "/api/health" || path.hasPrefix("/api/health/") }

    private struct Status: Encodable {
        let status: String
    }

    private struct Report: Encodable {
        let status: String
        let version: String
        let slot: Slot?
        let parts: [String: Part]
    }

    private struct Part: Encodable {
        var status: String
        var latencyMs: Double
        /// Of the store: how many indexes it made sure of.
        var indexes: Int?

        var isOK: Bool { status == "ok" }
    }

    private static func report(_ services: Services) async throws -> Response {
        let parts = await check(services)
        let isOK = parts.values.allSatisfy(\.isOK)
        let report = Report(
            status: isOK ? "ok" : "degraded", version: Settings.version, slot: services.slot, parts: parts)
        return try JSON.reply(report, status: isOK ? .ok : .serviceUnavailable)
    }

    private static func check(_ services: Services) async -> [String: Part] {
        async let store = measure(services) { try await services.store.ping().indexes }
        async let queue = measure(services) {
            try await services.queue.ping()
            return nil
        }
        return await ["store": store, "queue": queue]
    }

    /// A part that needs two seconds is down: who asks for health cannot wait for a database's own patience.
    private static func measure(_ services: Services, _ ping: @escaping @Sendable () async throws -> Int?) async
        -> Part
    {
        var part = Part(status: "down", latencyMs: 0)
        let start = ContinuousClock.now
        // Why it is down is in the log of whoever needed it.
        do {
            part.indexes = try await services.deadlines.within(.seconds(2), ping)
            part.status = "ok"
        } catch {}
        let milliseconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1000
        part.latencyMs = (milliseconds * 1000).rounded() / 1000
        return part
    }
}
