import Glibc

/// Numeric IP addresses; names are never resolved, because that blocks.
enum InternetAddress {
    /// Calls `body` with the address as the kernel takes it; `nil` when `host` is no address.
    static func with(_ host: String, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32? {
        let port = in_port_t(truncatingIfNeeded: port).bigEndian
        if host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
            return call(&address, body)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        return call(&address, body)
    }

    private static func call<Address>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
