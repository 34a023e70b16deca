import Glibc

/// The loopback port that gives metrics to whoever asks over HTTP.
package struct MetricsEndpoint: Codable, Sendable, Equatable {
    /// `127.0.0.1` or `::1`, without brackets.
    package var address: String
    package var port: Int

    package init(address: String, port: Int) {
        self.address = address
        self.port = port
    }

    /// Whether only this host reaches it: 127.0.0.0/8, or ::1.
    package var isLoopback: Bool {
        var v4 = in_addr()
        if inet_pton(AF_INET, address, &v4) == 1 { return UInt32(bigEndian: v4.s_addr) >> 24 == 127 }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, address, &v6) == 1 else { return false }
        return withUnsafeBytes(of: v6) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }

    var problems: [String] {
        var problems: [String] = []
        if !isLoopback { problems.append("metrics are told on loopback addresses only, not on '\(address)'") }
        if !(1...65535).contains(port) { problems.append("metrics cannot be told on port \(port)") }
        return problems
    }
}
