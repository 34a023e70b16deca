import HTTPTypes
import Hummingbird

/// Password in, access token out.
enum SignInRoutes {
    static let endpoints = [
        Endpoint(.post, "/api/auth/login", .anybody) { services, request, _ in try await signIn(services, request) },
        Endpoint(.get, "/api/auth/me", .signedIn) { _, _, context in
            let user = try context.signedIn()
            return try JSON.reply(Me(id: user.id, username: user.name, role: user.role))
        },
    ]

    private struct SignInRequest: Decodable {
        let username: String
        let password: String
    }

    private struct Granted: Encodable {
        let accessToken: String
        let tokenType: String
        let expiresIn: Int64
    }

    private struct Me: Encodable {
        let id: String
        let username: String
        let role: User.Role
    }

    private static func signIn(_ services: Services, _ request: Request) async throws -> Response {
        let wanted = try await JSON.body(SignInRequest.self, of: request)
        let user = try await services.store.user(named: wanted.username)
        // Also for an unknown user: the answer must not tell, by its time, who exists.
        guard try await services.passwords.verify(wanted.password, against: user?.password), let user else {
            throw Refusal.wrongPassword
        }
        return try JSON.reply(
            Granted(
                accessToken: try services.tokens.issue(for: user.id), tokenType: "bearer",
                expiresIn: AccessTokens.lifetime.components.seconds))
    }
}
