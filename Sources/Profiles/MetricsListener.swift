/// The loopback address and port on which the supervisor tells its metrics.
package struct MetricsListener: Sendable, Equatable {
    /// As it is written: `127.0.0.1`, `[::1]`.
    package var address: String
    package var port: Port

    package init(address: String, port: Port) {
        self.address = address
        self.port = port
    }

    /// Whether only this host reaches it. `ListenAddress` has found it to be an IP address.
    var isLoopback: Bool { address.hasPrefix("127.") || address == "[::1]" }

    /// Without the brackets of an IPv6 address.
    package var host: String { address.hasPrefix("[") ? String(address.dropFirst().dropLast()) : address }
}
