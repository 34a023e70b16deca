import CoreTypes
import HTTPTypes
import Hummingbird

/// The first run: who holds the setup token names the administrator and opens the platform, once.
enum SetupRoutes {
    static let endpoints = [
        Endpoint(.get, "/api/setup/status", .anybody, Operation("How far setup is.", .json("SetupStatus"))) {
            services, _, _ in
            let state = try await services.store.setupState()
            return try JSON.reply(Status(complete: state.isComplete, administrator: state.hasAdministrator))
        },
        Endpoint(
            .post, "/api/setup/validate/mongodb", .anybody,
            Operation(
                "Looks at a MongoDB server; without a URL, at the configured one.", body: .json("ValidationRequest"),
                .json("Validation"), refusals: [403, 409])
        ) { services, request, _ in
            try await validate(services, request, services.databases.mongodb, by: ServerInspection.mongodb)
        },
        Endpoint(
            .post, "/api/setup/validate/redis", .anybody,
            Operation(
                "Looks at a Redis server; without a URL, at the configured one.", body: .json("ValidationRequest"),
                .json("Validation"), refusals: [403, 409])
        ) { services, request, _ in
            try await validate(services, request, services.databases.redis, by: ServerInspection.redis)
        },
        Endpoint(
            .post, "/api/setup/administrator", .anybody,
            Operation(
                "Names the first administrator.", body: .json("AdministratorRequest"), status: 201,
                .json("Administrator"), refusals: [403, 409])
        ) { services, request, _ in try await putAdministrator(services, request) },
        Endpoint(
            .post, "/api/setup/complete", .anybody,
            Operation(
                "Ends setup and opens the platform.", body: .json("CompletionRequest"), .json("SetupStatus"),
                refusals: [403, 409])
        ) { services, request, _ in try await complete(services, request) },
    ]

    private struct Status: Encodable {
        let complete: Bool
        let administrator: Bool
    }

    private struct AdministratorRequest: Decodable {
        let setupToken: String
        let username: String
        let password: String?
    }

    private struct Administrator: Encodable {
        let username: String
    }

    private struct CompletionRequest: Decodable {
        let setupToken: String
    }

    private struct ValidationRequest: Decodable {
        let setupToken: String
        let url: String?
    }

    private struct Validation: Encodable {
        let ok: Bool
        let version: String?
        let latencyMs: Double?
        let problems: [String]
        let warnings: [String]

        init(_ found: ServerInspection) {
            ok = found.problems.isEmpty
            version = found.version
            latencyMs = found.latency.map { Double($0.wholeMicroseconds) / 1000 }
            problems = found.problems
            warnings = found.warnings
        }
    }

    /// The token first: without it this would be a way to look around in the host's network.
    private static func validate(
        _ services: Services, _ request: Request, _ configured: Secret?,
        by look: (Secret) async throws -> ServerInspection
    ) async throws -> Response {
        try await demandOpenSetup(services)
        let wanted = try await JSON.body(ValidationRequest.self, of: request)
        try demand(wanted.setupToken, services)
        guard let url = wanted.url.map({ Secret($0, named: "url") }) ?? configured else {
            throw Refusal(.badRequest, "the field 'url' is missing, and this platform is configured for none")
        }
        return try JSON.reply(Validation(try await look(url)))
    }

    private static func putAdministrator(_ services: Services, _ request: Request) async throws -> Response {
        try await demandOpenSetup(services)
        let wanted = try await JSON.body(AdministratorRequest.self, of: request)
        try demand(wanted.setupToken, services)
        guard User.isName(wanted.username) else {
            throw Refusal(
                .badRequest, "the username must be a letter, then at most 63 of letters, digits, '.', '_', '-', '@'")
        }
        if let password = wanted.password, !(12...1024).contains(password.utf8.count) {
            throw Refusal(.badRequest, "the password must have 12 to 1024 characters")
        }
        let hash = try await services.passwords.hash(wanted.password ?? services.administratorPassword.reveal())
        try await services.store.putAdministrator(
            .administrator(wanted.username, password: hash, at: services.time.now()))
        return try JSON.reply(Administrator(username: wanted.username), status: .created)
    }

    private static func complete(_ services: Services, _ request: Request) async throws -> Response {
        try await demandOpenSetup(services)
        try demand(try await JSON.body(CompletionRequest.self, of: request).setupToken, services)
        var fallback: User?
        if try await !services.store.setupState().hasAdministrator {
            let hash = try await services.passwords.hash(services.administratorPassword.reveal())
            fallback = .administrator("admin", password: hash, at: services.time.now())
        }
        try await services.store.completeSetup(fallback: fallback)
        return try JSON.reply(Status(complete: true, administrator: true))
    }

    private static func demandOpenSetup(_ services: Services) async throws {
        if try await services.store.setupState().isComplete { throw Refusal.setupIsComplete }
    }

    private static func demand(_ token: String, _ services: Services) throws {
        guard equalSecrets(token, services.setupToken.reveal()) else { throw Refusal.wrongSetupToken }
    }
}
