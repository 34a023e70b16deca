package import CoreTypes

/// Where clients reach the application.
package struct FrontDoor: Sendable, Equatable {
    /// The address nginx listens on, as nginx writes it: `127.0.0.1`, `[::1]`.
    package var address: String
    package var port: Port
    /// Who runs nginx: the supervisor (trial), or the machine's service manager.
    package var manager: Manager
    /// How long the old slot may take to finish open requests after a switch.
    package var drain: TimeSpan
    /// How long connections of routes that stream are kept on a slot that lost its traffic.
    package var streams: TimeSpan
    /// `nil`: plain HTTP.
    package var tls: TLS?
    /// The host names that are answered, besides the certificate's; empty: whatever a client asks for.
    package var names: [String]
    /// Where the idle slot can be looked at before it gets traffic; `nil`: nowhere.
    package var preview: Listener?
    /// How often one client may ask, by the name that routes give.
    package var limits: [String: RequestLimit]

    /// When a slot is drained, its streams are over too.
    package var streamLimit: TimeSpan { min(streams, drain) }

    package enum Manager: String, Sendable, CaseIterable { case supervisor, systemd }

    /// What somebody types into a browser: `https://scan.example.org`, `http://127.0.0.1:8080`.
    package var url: String {
        let scheme = tls == nil ? "http" : "https"
        let usual = tls == nil ? 80 : 443
        return "\(scheme)://\(tls?.domain ?? names.first ?? address)" + (port.number == usual ? "" : ":\(port)")
    }

    /// Where the idle slot can be looked at; `nil`: nowhere.
    package var previewURL: String? {
        preview.map { "\(tls == nil ? "http" : "https")://\($0.address):\($0.port)" }
    }

    package init(
        address: String, port: Port, manager: Manager, drain: TimeSpan, streams: TimeSpan = .seconds(600),
        tls: TLS? = nil, names: [String] = [],
        preview: Listener? = nil, limits: [String: RequestLimit] = [:]
    ) {
        self.address = address
        self.port = port
        self.manager = manager
        self.drain = drain
        self.streams = streams
        self.tls = tls
        self.names = names
        self.preview = preview
        self.limits = limits
    }

    /// HTTPS. The certificate and its key are at `Layout.certificate` and `Layout.certificateKey`, whoever signed them.
    package struct TLS: Sendable, Equatable {
        /// The name that clients use and an ACME server vouches for; `nil`: we sign for ourselves.
        package var domain: String?
        /// Where the ACME server writes to when a certificate is about to expire; `nil`: nowhere.
        package var email: String?
        /// The address of the ACME server's directory (RFC 8555, section 7.1.1).
        package var acme: String
        /// Where plain HTTP is answered, by ACME's challenges (files of `Layout.challenges`) and the way to HTTPS.
        package var plainAddress: String
        package var plainPort: Port

        package init(domain: String?, email: String?, acme: String, plainAddress: String, plainPort: Port) {
            self.domain = domain
            self.email = email
            self.acme = acme
            self.plainAddress = plainAddress
            self.plainPort = plainPort
        }
    }
}

/// An address and a port that nginx listens on.
package struct Listener: Sendable, Equatable {
    package var address: String
    package var port: Port

    package init(address: String, port: Port) {
        self.address = address
        self.port = port
    }
}

/// How often one client address may ask.
package struct RequestLimit: Sendable, Equatable {
    /// As nginx writes it: `10r/s`, `30r/m`.
    package var rate: String
    /// How many requests may come at once beyond that.
    package var burst: Int

    package init(rate: String, burst: Int) {
        self.rate = rate
        self.burst = burst
    }
}
