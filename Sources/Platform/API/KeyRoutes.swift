import HTTPTypes
import Hummingbird

/// Keys for programs. A key is shown once, when it is made; a key cannot make, change or remove keys.
enum KeyRoutes {
    private static let longestLife = 3650
    /// In the grace of a rotation both keys work; nobody needs longer to put in a new one.
    private static let longestGrace: Int64 = 30 * 86_400
    /// More than anybody has programs.
    private static let most = 100

    static let endpoints = [
        Endpoint(.get, "/api/keys", .person, Operation("The keys of whoever asks.", .list(of: "APIKey"))) {
            services, _, context in
            let keys = try await services.store.apiKeys(of: context.signedIn().id)
            return try JSON.reply(ListView(items: keys.map(KeyView.init)))
        },
        Endpoint(
            .post, "/api/keys", .person,
            Operation(
                "Makes a key. Its text is in this reply and nowhere else.", body: .json("APIKeyRequest"), status: 201,
                .json("NewAPIKey"), refusals: [409])
        ) { services, request, context in try await make(services, request, context) },
        Endpoint(
            .post, "/api/keys/:id/rotate", .person,
            Operation(
                "Makes a key with the same name and scopes; the old one ends after the grace.",
                body: .json("RotationRequest"), status: 201, .json("NewAPIKey"))
        ) { services, request, context in try await rotate(services, request, context) },
        Endpoint(.delete, "/api/keys/:id", .person, Operation("Revokes a key at once.", status: 204, .nothing)) {
            services, _, context in
            guard try await services.store.removeKey(context.id, of: context.signedIn().id) else {
                throw Refusal.noSuchKey
            }
            return Response(status: .noContent)
        },
    ]

    private struct KeyRequest: Decodable {
        let name: String
        let scopes: [String]
        let expiresInDays: Int?
    }

    private struct RotationRequest: Decodable {
        let graceSeconds: Int64?
    }

    private struct KeyView: Encodable {
        let id: String
        let name: String
        let scopes: [APIKey.Scope]
        let createdAt: Timestamp
        let expiresAt: Timestamp?

        init(_ key: APIKey) {
            id = key.id
            name = key.name
            scopes = key.scopes
            createdAt = key.createdAt
            expiresAt = key.expiresAt
        }
    }

    private struct NewKey: Encodable {
        let key: String
        let id: String
        let name: String
        let scopes: [APIKey.Scope]
        let expiresAt: Timestamp?

        init(_ new: (key: APIKey, text: String)) {
            key = new.text
            id = new.key.id
            name = new.key.name
            scopes = new.key.scopes
            expiresAt = new.key.expiresAt
        }
    }

    private static func make(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.signedIn()
        let wanted = try await JSON.body(KeyRequest.self, of: request)
        let name = wanted.name
        guard (1...100).contains(name.unicodeScalars.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw Refusal(.badRequest, "the name must have 1 to 100 printable characters") }
        let scopes = try APIKey.Scope.all(named: wanted.scopes, in: "scopes")
        if let days = wanted.expiresInDays, !(1...longestLife).contains(days) {
            throw Refusal(.badRequest, "expires_in_days must be a number from 1 to \(longestLife)")
        }
        guard try await services.store.apiKeys(of: user.id).count < most else {
            throw Refusal(.conflict, "there are \(most) keys already; revoke one first")
        }
        let now = services.time.now()
        let end = wanted.expiresInDays.map { now + .seconds(Int64($0) * 86_400) }
        let new = APIKey.new(of: user.id, named: name, scopes: scopes, at: now, until: end)
        try await services.store.add(new.key)
        return try JSON.reply(NewKey(new), status: .created)
    }

    private static func rotate(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response
    {
        let user = try context.signedIn()
        let grace = try await JSON.body(RotationRequest.self, of: request).graceSeconds ?? 86_400
        guard (0...longestGrace).contains(grace) else {
            throw Refusal(.badRequest, "grace_seconds must be a number from 0 to \(longestGrace)")
        }
        let now = services.time.now()
        let id = context.id
        guard let old = try await services.store.apiKeys(of: user.id).first(where: { $0.id == id }),
            old.isValid(at: now)
        else { throw Refusal.noSuchKey }
        // It lives as long again as the old one was meant to.
        let life = old.expiresAt.map { $0.milliseconds - old.createdAt.milliseconds }
        let new = APIKey.new(
            of: user.id, named: old.name, scopes: old.scopes, at: now, until: life.map { now + .milliseconds($0) })
        // The new one first: a crash in between leaves two keys and nobody locked out.
        try await services.store.add(new.key)
        _ = try await services.store.endKey(old.id, of: user.id, at: now + .seconds(grace))
        return try JSON.reply(NewKey(new), status: .created)
    }
}
