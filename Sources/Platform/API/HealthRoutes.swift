import HTTPTypes
import Hummingbird

/// Health for people and nginx, and the two probes of the supervisor.
enum HealthRoutes {
    static let endpoints = [
        Endpoint(
            .get, "/api/health", .anybody,
            Operation("How the parts of the platform are.", .json("Health"), alsoWith: [503])
        ) { services, _, _ in
            let finding = try await services.health.find()
            return JSON.reply(encoded: finding.report, status: finding.down == nil ? .ok : .serviceUnavailable)
        },
        Endpoint(.get, "/api/health/live", .anybody, Operation("Whether the program runs.", .json("Status"))) {
            _, _, _ in
            try JSON.reply(Status(status: "live"))
        },
        Endpoint(.get, "/api/health/ready", .anybody, Operation("Whether requests can be served.", .json("Status"))) {
            services, _, _ in
            guard let down = try await services.health.find().down else {
                return try JSON.reply(Status(status: "ready"))
            }
            throw Refusal(.serviceUnavailable, "the \(down) does not answer")
        },
    ]

    static func isHealth(_ path: String) -> Bool { path == "/api/health" || path.hasPrefix("/api/health/") }

    private struct Status: Encodable {
        let status: String
    }
}
