import CoreTypes
import Glibc

/// An address and a port as nginx writes them: `127.0.0.1:8080`, `[::1]:8080`.
enum ListenAddress {
    /// The address as written, brackets included, and the port.
    static func parse(_ text: String) -> (address: String, port: Port)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let address = String(text[..<colon])
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), !digits.hasPrefix("0"),
            let port = Int(digits).flatMap(Port.init)
        else { return nil }
        var space = in6_addr()
        let isV4 = inet_pton(AF_INET, address, &space) == 1
        let isV6 =
            address.hasPrefix("[") && address.hasSuffix("]")
            && inet_pton(AF_INET6, String(address.dropFirst().dropLast()), &space) == 1
        return isV4 || isV6 ? (address, port) : nil
    }
}
