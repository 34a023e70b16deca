import HTTPTypes
import Hummingbird

/// Who asks: somebody who signed in with a password, or a program with a key of theirs.
struct Caller: Sendable {
    let user: User
    /// `nil` for somebody who signed in.
    let key: APIKey?

    /// What the allowance of requests is counted for.
    var allowance: String { key.map { "key:\($0.id)" } ?? "user:\(user.id)" }

    func may(_ scope: APIKey.Scope) -> Bool { key.map { $0.scopes.contains(scope) } ?? true }

    /// The account must still be there: neither token nor key outlives its user.
    init?(of request: Request, _ services: Services) async throws {
        if let text = request.headers[.apiKey] {
            guard text.utf8.count <= 128, text.hasPrefix("osk_"),
                let key = try await services.store.apiKey(digest: APIKey.digest(of: text)),
                key.isValid(at: services.time.now()), let user = try await services.store.user(id: key.userID)
            else { return nil }
            (self.user, self.key) = (user, key)
        } else {
            guard let header = request.headers[.authorization], header.prefix(7).lowercased() == "bearer ",
                let id = services.tokens.userID(of: header.dropFirst(7)),
                let user = try await services.store.user(id: id)
            else { return nil }
            (self.user, key) = (user, nil)
        }
    }
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name("X-API-Key")!
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let rateLimit = HTTPField.Name("X-RateLimit-Limit")!
    static let rateRemaining = HTTPField.Name("X-RateLimit-Remaining")!
    static let rateReset = HTTPField.Name("X-RateLimit-Reset")!
}
