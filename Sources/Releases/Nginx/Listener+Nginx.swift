package import Profiles

extension Listener {
    /// As `listen` takes it.
    var listen: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    var isWildcard: Bool { address == "0.0.0.0" || address == "::" }

    /// Whether a connection to 127.0.0.1 or ::1 reaches it.
    var listensOnLoopback: Bool { isWildcard || address.hasPrefix("127.") || address == "::1" }

    /// Where this machine reaches it.
    package var localAddress: String {
        switch address {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: address
        }
    }
}

extension FrontDoor {
    /// Where clients are answered.
    package var listener: Listener { Listener(address: address, port: port) }

    /// Where plain HTTP is spoken: there the front door says which slot is live. The same workers of nginx serve both.
    package var plainListener: Listener {
        tls.map { Listener(address: $0.plainAddress, port: $0.plainPort) } ?? listener
    }
}
