import HTTPTypes
package import Hummingbird

/// One route of the API, as data: the router is built from the table, and so are the document and the tests that walk it.
package struct Endpoint: Sendable {
    /// Who may call it.
    package enum Access: Sendable, Equatable {
        case anybody
        /// Somebody who signed in with a password: what changes an account is not for programs.
        case person
        /// Somebody who signed in, or a program whose key has the scope.
        case scope(APIKey.Scope)
    }

    typealias Handler = @Sendable (Services, Request, APIContext) async throws -> Response

    package let method: HTTPRequest.Method
    /// As Hummingbird spells it: `/api/scans/:id`.
    package let path: String
    package let access: Access
    /// What the API's document says about it.
    let operation: Operation
    let handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ operation: Operation,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.operation = operation
        self.handler = handler
    }

    /// Checks the caller, counts the request, then serves.
    func serve(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        var context = context
        if access != .anybody {
            guard let caller = try await Caller(of: request, services) else { throw Refusal.signInFirst }
            try await services.count(caller.allowance, at: services.rates.caller, context)
            switch access {
            case .anybody: break
            case .person: guard caller.key == nil else { throw Refusal.notForKeys }
            case .scope(let scope): guard caller.may(scope) else { throw Refusal.lacks(scope) }
            }
            context.caller = caller
        }
        return try await handler(services, request, context)
    }
}
