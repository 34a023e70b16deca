import HTTPTypes
import Hummingbird
import Logging

/// How often an address and a caller may ask; `nil` is without a limit.
package struct RateLimits: Sendable {
    package var address: Rate?
    package var caller: Rate?

    package init(address: Rate?, caller: Rate?) {
        self.address = address
        self.caller = caller
    }

    package static let standard = RateLimits(
        address: Rate(requests: 6000, in: .seconds(60)), caller: Rate(requests: 3000, in: .seconds(60)))
}

/// Counts each request against its address, before anything else looks at it. Health is not counted: probes must not be
/// refused because of others.
struct Throttle: RouterMiddleware {
    let services: Services

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        if !HealthRoutes.isHealth(request.uri.path) {
            try await services.count("address:\(context.client(of: request))", at: services.rates.address, context)
        }
        return try await next(request, context)
    }
}

extension Services {
    /// Counts one request, and refuses it where there is none left.
    ///
    /// A ledger that does not answer refuses nobody: what the request needs of the databases decides.
    func count(_ caller: String, at rate: Rate?, _ context: APIContext) async throws {
        guard let rate else { return }
        let standing: Standing
        do { standing = try await traffic.take(from: caller, at: rate) } catch let error as QueueError {
            context.logger.warning("A request could not be counted.", metadata: ["error": "\(error)"])
            return
        }
        context.standings.note(standing)
        if let wait = standing.retryAfter { throw Refusal.tooManyRequests(wait) }
    }
}

extension Standing {
    /// What the client is told with each reply; times are seconds.
    var headers: HTTPFields {
        [
            .rateLimit: "\(limit)", .rateRemaining: "\(remaining)", .rateReset: "\(reset.secondsRoundedUp)",
        ]
    }
}
