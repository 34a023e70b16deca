package import Hummingbird
import Synchronization

/// What is known about a request while it is served.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Names the request in logs and in the reply.
    var requestID = ""
    /// Who asks; set exactly on routes for people and programs that signed in.
    var caller: Caller?
    /// The other end of the connection; `nil` where it has no address, as a Unix socket's.
    let peer: IPAddress?
    /// How often the one who asks may still ask; filled in on the way, read when the reply leaves.
    let standings = Standings()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
    }

    /// The user of a route that demands one.
    func signedIn() throws -> User {
        guard let caller else { throw Refusal.signInFirst }
        return caller.user
    }

    /// The `:id` in the path.
    var id: String { parameters.get("id") ?? "" }

    /// Where the request comes from. nginx on this host names its client; nobody else is believed.
    func client(of request: Request) -> String {
        guard peer?.isLoopback ?? true, let named = request.headers[.xForwardedFor] else {
            return peer?.subscriber ?? "local"
        }
        // The last one is what our own proxy saw.
        let last = named.split(separator: ",").last?.filter { $0 != " " } ?? ""
        return IPAddress(last)?.subscriber ?? peer?.subscriber ?? "local"
    }
}

/// The tightest of the allowances that a request was counted against.
final class Standings: Sendable {
    private let tightest = Mutex<Standing?>(nil)

    func note(_ standing: Standing) {
        tightest.withLock { known in
            if let other = known, other.remaining <= standing.remaining, standing.retryAfter == nil { return }
            known = standing
        }
    }

    var reported: Standing? { tightest.withLock { $0 } }
}
