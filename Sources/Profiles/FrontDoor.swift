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

    package enum Manager: String, Sendable, CaseIterable { case supervisor, systemd }

    package init(address: String, port: Port, manager: Manager, drain: TimeSpan) {
        self.address = address
        self.port = port
        self.manager = manager
        self.drain = drain
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
