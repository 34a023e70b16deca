/// The headers that every answer of the front door carries, error pages included.
///
/// nginx forgets them all in a block that adds one of its own, so each location renders the whole list.
struct SecurityHeaders {
    private static let common: [(name: String, value: String)] = [
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        (
            "Content-Security-Policy",
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
                + "frame-ancestors 'none'"
        ),
        ("Referrer-Policy", "no-referrer"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("X-Request-ID", "$bedplate_request_id"),
    ]
    /// A year: browsers do not try plain HTTP again for so long.
    private static let strictTransport = [("Strict-Transport-Security", "max-age=31536000; includeSubDomains")]

    private let all: [(name: String, value: String)]

    /// `overTLS`: browsers take HSTS from no other answer.
    init(overTLS: Bool) { all = Self.common + (overTLS ? Self.strictTransport : []) }

    /// `also`: headers of this location alone. A header with an empty value is not sent.
    func lines(also own: [(name: String, value: String)] = []) -> [String] {
        (own + all).map { "add_header \($0.name) \"\($0.value)\" always;" }
    }

    /// An application that sends one of them too must not send it twice.
    var hidden: [String] { all.map { "proxy_hide_header \($0.name);" } }
}
