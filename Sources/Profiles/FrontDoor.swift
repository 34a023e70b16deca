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
    /// `nil`: plain HTTP.
    package var tls: TLS?

    package enum Manager: String, Sendable, CaseIterable { case supervisor, systemd }

    package init(address: String, port: Port, manager: Manager, drain: TimeSpan, tls: TLS? = nil) {
        self.address = address
        self.port = port
        self.manager = manager
        self.drain = drain
        self.tls = tls
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

/// A path prefix and the process that answers it.
package struct Route: Sendable, Equatable {
    package var path: String
    /// A slotted process with a port.
    package var process: ProcessName
    /// How long the application may take; nginx's read and send timeouts.
    package var timeout: TimeSpan
    /// The largest request body.
    package var body: ByteCount
    /// Whether nginx stores a request body before it passes it on. Off for uploads.
    package var buffersRequests: Bool

    package init(path: String, process: ProcessName, timeout: TimeSpan, body: ByteCount, buffersRequests: Bool) {
        self.path = path
        self.process = process
        self.timeout = timeout
        self.body = body
        self.buffersRequests = buffersRequests
    }
}
