import CoreTypes
import HTTPTypes
import Hummingbird

/// The first run: who holds the setup token names the administrator and opens the platform, once.
enum SetupRoutes {
    static let endpoints = [
        Endpoint(.get, "/api/setup/status", .anybody) { services, _, _ in
            let state = try await services.store.setupState()
            return try JSON.reply(Status(complete: state.isComplete, administrator: state.hasAdministrator))
        },
        Endpoint(.post, "/api/setup/administrator", .anybody) { services, request, _ in
            try await putAdministrator(services, request)
        },
        Endpoint(.post, "/api/setup/complete", .anybody) { services, request, _ in
            try await complete(services, request)
        },
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
