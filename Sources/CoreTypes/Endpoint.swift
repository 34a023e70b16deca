/// A host and a TCP port to connect to: `127.0.0.1:5044`, `[::1]:5044`, `logs.internal:5044`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// An IP address without brackets, or a name.
    package let host: String
    package let port: Int

    package init(_ text: String) throws(InvalidName) {
        let refused = InvalidName(text: text, expected: "a host and a port, such as 127.0.0.1:5044 or '[::1]:5044'")
        guard let colon = text.lastIndex(of: ":") else { throw refused }
        let digits = text[text.index(after: colon)...]
        guard let port = Int(digits), (1...65535).contains(port), digits.utf8.allSatisfy(Self.isDigit),
            !digits.hasPrefix("0")
        else { throw refused }
        let before = text[..<colon]
        if before.hasPrefix("["), before.hasSuffix("]") {
            let address = before.dropFirst().dropLast()
            guard address.contains(":"), address.utf8.allSatisfy(Self.isAddress) else { throw refused }
            host = String(address)
        } else {
            guard (1...253).contains(before.utf8.count), before.utf8.allSatisfy(Self.isName) else { throw refused }
            host = String(before)
        }
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isAddress(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte | 0x20) || byte == 0x3A || byte == 0x2E
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2E || byte == 0x2D
    }
}

extension Endpoint: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
