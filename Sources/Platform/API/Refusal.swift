import HTTPTypes
package import Hummingbird

/// A request that is not served: the status and the one sentence a client gets as `{"detail": …}`.
package struct Refusal: Error, Sendable {
    package let status: HTTPResponse.Status
    package let detail: String
    package var headers: HTTPFields = [:]

    package init(_ status: HTTPResponse.Status, _ detail: String, headers: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    static let noSuchScan = Refusal(.notFound, "there is no such scan")
    static let scanHasEnded = Refusal(.conflict, "the scan has ended")
    static let scanIsOpen = Refusal(.conflict, "the scan has not ended yet")
    static let noSuchKey = Refusal(.notFound, "there is no such key")
    static let noSuchPage = Refusal(.notFound, "there is no page with this cursor")
    static let noSuchWebhook = Refusal(.notFound, "there is no such webhook")
    static let noSuchAccount = Refusal(.notFound, "there is no such cloud account")
    static let setupRequired = Refusal(.serviceUnavailable, "setup required")
    static let setupIsComplete = Refusal(.conflict, "setup is complete")
    static let signInFirst = Refusal(
        .unauthorized, "a valid access token or API key is required", headers: [.wwwAuthenticate: "Bearer"])
    static let notForKeys = Refusal(.forbidden, "this needs somebody who signed in: an API key may not do it")
    static let wrongPassword = Refusal(.unauthorized, "wrong username or password")
    static let wrongSetupToken = Refusal(.forbidden, "the setup token is wrong")
    static let diskFull = Refusal(.init(code: 507, reasonPhrase: "Insufficient Storage"), "the disk is full")
    static let timedOut = Refusal(.gatewayTimeout, "the request took too long")

    static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> Refusal {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return Refusal(.methodNotAllowed, "this route takes \(names)", headers: [.allow: names])
    }

    static func lacks(_ scope: APIKey.Scope) -> Refusal {
        Refusal(.forbidden, "the API key lacks the scope \(scope.rawValue)")
    }

    static func tooManyRequests(_ wait: Duration) -> Refusal {
        Refusal(.tooManyRequests, "too many requests; wait", waiting: wait)
    }

    static func tooManySignIns(_ wait: Duration) -> Refusal {
        Refusal(.tooManyRequests, "too many failed sign-ins; wait", waiting: wait)
    }

    private init(_ status: HTTPResponse.Status, _ detail: String, waiting span: Duration) {
        let seconds = span.secondsRoundedUp
        self.init(status, "\(detail) \(seconds) s", headers: [.retryAfter: "\(seconds)"])
    }

    static func tooLarge(_ limit: Int64) -> Refusal {
        Refusal(.contentTooLarge, "the body is larger than \(limit) bytes")
    }
}
