package import Hummingbird

/// What is known about a request while it is served.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Names the request in logs and in the reply.
    var requestID = ""
    /// Who asks; set exactly on routes for people who signed in.
    var user: User?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    /// The user of a route that demands one.
    func signedIn() throws -> User {
        guard let user else { throw Refusal.signInFirst }
        return user
    }
}
