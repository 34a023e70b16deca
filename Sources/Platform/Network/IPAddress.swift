import Glibc

/// An address of a machine, as its 4 or 16 bytes.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// `10.0.0.1` or `fe80::1`; `nil` for everything else, names included.
    package init?(_ text: some StringProtocol) {
        // The longest is an IPv6 address with an IPv4 one at its end.
        guard text.utf8.count <= 45 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, String(text), &bytes) == 1 {
            self.bytes = Array(bytes[..<4])
        } else if inet_pton(AF_INET6, String(text), &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package var isIPv4: Bool { bytes.count == 4 }

    /// The IPv4 address that an IPv6 one stands for (mapped, compatible, 6to4 or NAT64), where it does.
    package var embedded: IPAddress? {
        guard !isIPv4 else { return nil }
        let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
        if zeros, bytes[10...11] == [0xFF, 0xFF] || bytes[10...11] == [0, 0] {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes[0...1] == [0x20, 0x02] { return IPAddress(bytes: Array(bytes[2..<6])) }
        if bytes[0...3] == [0, 0x64, 0xFF, 0x9B] { return IPAddress(bytes: Array(bytes[12...])) }
        return nil
    }

    package var isLoopback: Bool {
        if isIPv4 { return bytes[0] == 127 }
        return bytes == [UInt8](repeating: 0, count: 15) + [1] || embedded?.bytes[0] == 127
    }

    /// Of what one subscriber has: an IPv4 address, or the first 64 bits of an IPv6 one.
    package var subscriber: String {
        isIPv4 ? description : "\(IPAddress(bytes: Array(bytes[..<8]) + [UInt8](repeating: 0, count: 8))!)/64"
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The addresses that begin with the same bits: `10.0.0.0/8`.
package struct IPRange: Hashable, Sendable, CustomStringConvertible {
    package let first: IPAddress
    package let bits: Int

    /// A range, or a single address; `nil` for what is neither, and where bits after the first ones are set.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = IPAddress(parts[0]) else { return nil }
        let all = first.bytes.count * 8
        guard let bits = parts.count == 2 ? Int(parts[1]) : all, (0...all).contains(bits) else { return nil }
        self.first = first
        self.bits = bits
        for index in bits..<all where first.bytes[index / 8] & (0x80 >> UInt8(index % 8)) != 0 { return nil }
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        let whole = bits / 8
        guard address.bytes[..<whole] == first.bytes[..<whole] else { return false }
        let rest = UInt8(bits % 8)
        return rest == 0 || (address.bytes[whole] ^ first.bytes[whole]) >> (8 - rest) == 0
    }

    package var description: String { "\(first)/\(bits)" }
}
