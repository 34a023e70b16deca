import Hummingbird
import Synchronization

/// Until setup is complete, every route but setup, health and sign-in answers 503.
final class SetupGate: RouterMiddleware {
    private static let open = ["/api/setup", "/api/health", "/api/auth/login"]
    private let store: any ResultStore
    /// Setup is never undone, so a yes is remembered and a no is asked again.
    private let isComplete = Mutex(false)

    init(store: any ResultStore) { self.store = store }

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        if !Self.isOpen(request.uri.path), try await !isSetUp() { throw Refusal.setupRequired }
        return try await next(request, context)
    }

    static func isOpen(_ path: String) -> Bool {
        open.contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    private func isSetUp() async throws -> Bool {
        if isComplete.withLock({ $0 }) { return true }
        let complete = try await store.setupState().isComplete
        if complete { isComplete.withLock { $0 = true } }
        return complete
    }
}
