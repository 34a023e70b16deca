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
    static let setupRequired = Refusal(.serviceUnavailable, "setup required")
    static let setupIsComplete = Refusal(.conflict, "setup is complete")
    static let signInFirst = Refusal(
        .unauthorized, "a valid access token is required", headers: [.wwwAuthenticate: "Bearer"])
    static let wrongPassword = Refusal(.unauthorized, "wrong username or password")
    static let wrongSetupToken = Refusal(.forbidden, "the setup token is wrong")
    static let diskFull = Refusal(.init(code: 507, reasonPhrase: "Insufficient Storage"), "the disk is full")
    static let timedOut = Refusal(.gatewayTimeout, "the request took too long")

    static func tooLarge(_ limit: Int64) -> Refusal {
        Refusal(.contentTooLarge, "the body is larger than \(limit) bytes")
    }
}
