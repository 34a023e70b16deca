import CoreTypes
import Glibc

/// An address of a socket, found without asking anybody: numeric, or in `/etc/hosts`. The loop cannot wait for DNS.
struct HostAddress {
    private let bytes: [UInt8]
    let family: Int32

    /// `nil` when the host is neither a number nor in `hosts`.
    init?(_ endpoint: Endpoint, hosts: String = "/etc/hosts") {
        if let address = HostAddress(numeric: endpoint.host, port: endpoint.port) {
            self = address
            return
        }
        let content = (try? Files.read(hosts, limit: 1 << 20)) ?? []
        for line in content.split(separator: 0x0A) {
            let words = line.prefix { $0 != UInt8(ascii: "#") }
                .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
                .map { String(decoding: $0, as: UTF8.self) }
            guard let number = words.first, words.dropFirst().contains(endpoint.host),
                let address = HostAddress(numeric: number, port: endpoint.port)
            else { continue }
            self = address
            return
        }
        return nil
    }

    private init?(numeric host: String, port: Int) {
        let port = in_port_t(truncatingIfNeeded: port).bigEndian
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port
            family = AF_INET
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port
            family = AF_INET6
            bytes = withUnsafeBytes(of: six) { Array($0) }
        } else {
            return nil
        }
    }

    /// connect(2).
    func connect(_ descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes {
            Glibc.connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }
}
