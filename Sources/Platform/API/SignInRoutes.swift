import HTTPTypes
import Hummingbird

/// Password in, access token out.
enum SignInRoutes {
    static let endpoints = [
        Endpoint(
            .post, "/api/auth/login", .anybody,
            Operation("An access token for a password.", body: .json("SignInRequest"), .json("Token"), refusals: [401])
        ) { services, request, context in try await signIn(services, request, context) },
        Endpoint(.get, "/api/auth/me", .scope(.read), Operation("Who asks.", .json("Me"))) { _, _, context in
            let user = try context.signedIn()
            return try JSON.reply(Me(id: user.id, username: user.name, role: user.role))
        },
    ]

    /// Somebody who mistypes a password waits for nothing; who guesses has at most one guess in 5 minutes.
    static let patience = Patience(free: 5, longest: .seconds(300), memory: .seconds(3600))
    /// Many people may come from one address.
    static let patienceWithAddress = Patience(free: 20, longest: .seconds(300), memory: .seconds(3600))

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

    private static func signIn(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response
    {
        let wanted = try await JSON.body(SignInRequest.self, of: request)
        // A digest: what somebody typed as a name may be a password, and must not lie about in a database.
        let account = "account:\(hexadecimal(sha256(Array(wanted.username.utf8)).prefix(16)))"
        let address = "address:\(context.client(of: request))"
        // Counted before the password is looked at, and also for an unknown user: neither time nor wait tells who exists.
        let wait = try await services.traffic.attempt([
            Attempt(by: account, patience), Attempt(by: address, patienceWithAddress),
        ])
        if let wait { throw Refusal.tooManySignIns(wait) }
        let user = try await services.store.user(named: wanted.username)
        guard try await services.passwords.verify(wanted.password, against: user?.password), let user else {
            throw Refusal.wrongPassword
        }
        try await services.traffic.settle(forgetting: [account], returning: [address])
        return try JSON.reply(
            Granted(
                accessToken: try services.tokens.issue(for: user.id), tokenType: "bearer",
                expiresIn: AccessTokens.lifetime.components.seconds))
    }
}
