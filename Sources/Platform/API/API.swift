import HTTPTypes
package import Hummingbird

/// The platform's HTTP interface.
package enum API {
    /// Every route there is.
    package static let endpoints: [Endpoint] =
        HealthRoutes.endpoints + SetupRoutes.endpoints + SignInRoutes.endpoints + KeyRoutes.endpoints
        + UploadRoutes.endpoints + ScanRoutes.endpoints + WebhookRoutes.endpoints + CloudRoutes.endpoints
        + OpenAPIRoutes.endpoints

    /// The methods that the path's routes take; none: there is no such path.
    static func methods(at path: String) -> [HTTPRequest.Method] {
        let parts = path.split(separator: "/")
        return endpoints.filter { endpoint in
            let names = endpoint.path.split(separator: "/")
            return names.count == parts.count && zip(names, parts).allSatisfy { $0.first == ":" || $0 == $1 }
        }.map(\.method)
    }

    package static func router(_ services: Services) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        // The outermost first: whatever fails further in leaves as JSON.
        router.add(middleware: Answering(logger: services.logger))
        router.add(middleware: Throttle(services: services))
        router.add(middleware: SetupGate(store: services.store))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await services.deadlines.within(services.limits.limit(for: request.uri.path)) {
                    try await endpoint.serve(services, request, context)
                }
            }
        }
        return router
    }
}
