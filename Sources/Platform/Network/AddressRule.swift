/// Which addresses a URL that somebody typed may lead to: those of the public Internet, and what the operator allows.
package struct AddressRule: Sendable {
    private let allowed: [IPRange]

    package init(allowing allowed: [IPRange] = []) { self.allowed = allowed }

    /// The host itself, its networks, the clouds' metadata services, and what is nobody's (RFC 6890 and its registry).
    private static let closed: [IPRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "64:ff9b:1::/48",
        "100::/64", "2001::/32", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    ].map { IPRange($0)! }

    package func admits(_ address: IPAddress) -> Bool {
        if allowed.contains(where: { $0.contains(address) }) { return true }
        // An IPv6 address that stands for an IPv4 one leads there.
        if let other = address.embedded, !admits(other) { return false }
        return !Self.closed.contains { $0.contains(address) }
    }
}
