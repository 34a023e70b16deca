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
        let status: String
        let latencyMs: Double
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
        let start = ContinuousClock.now
        let answer = await withTaskGroup(of: Answer.self) { group in
            group.addTask {
                do { return .came(indexes: try await ping()) } catch { return .missing }
            }
            group.addTask { [clock = services.clock] in
                try? await clock.sleep(for: .seconds(2))
                return .missing
            }
            defer { group.cancelAll() }
            return await group.next() ?? .missing
        }
        let milliseconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1000
        let latency = (milliseconds * 1000).rounded() / 1000
        return switch answer {
        case .came(let indexes): Part(status: "ok", latencyMs: latency, indexes: indexes)
        case .missing: Part(status: "down", latencyMs: latency)
        }
    }

    private enum Answer: Sendable {
        case came(indexes: Int?)
        case missing
    }
}
