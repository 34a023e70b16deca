import HTTPTypes
package import Hummingbird

/// One route of the API, as data: the router is built from the table, and so are the tests that walk it.
package struct Endpoint: Sendable {
    /// Who may call it.
    package enum Access: Sendable { case anybody, signedIn }

    typealias Handler = @Sendable (Services, Request, APIContext) async throws -> Response

    package let method: HTTPRequest.Method
    /// As Hummingbird spells it: `/api/scans/:id`.
    package let path: String
    package let access: Access
    let handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }

    /// Checks the caller, then serves.
    func serve(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        var context = context
        switch access {
        case .anybody: break
        case .signedIn: context.user = try await Self.user(of: request, services)
        }
        return try await handler(services, request, context)
    }

    /// The account must still be there: a token alone does not outlive its user.
    private static func user(of request: Request, _ services: Services) async throws -> User {
        guard let header = request.headers[.authorization], header.prefix(7).lowercased() == "bearer ",
            let id = services.tokens.userID(of: header.dropFirst(7)), let user = try await services.store.user(id: id)
        else { throw Refusal.signInFirst }
        return user
    }
}
