import COpenSSL

/// The primary key of an OpenPGP certificate, as far as an apt repository is judged by it (RFC 4880; version 4 keys).
package struct OpenPGPKey: Hashable, Sendable {
    /// 40 hexadecimal digits in capitals.
    package let fingerprint: String
    /// In seconds since 1970; `nil`: never.
    package let expires: Int64?

    /// The file without its armor.
    static func packets(in bytes: [UInt8]) -> [UInt8] { dearmored(bytes) ?? bytes }

    /// Every primary key in a file, armored or not; `nil` when it is no OpenPGP file.
    package static func all(in bytes: [UInt8]) -> [OpenPGPKey]? {
        var reader = PacketReader(bytes: packets(in: bytes))
        var keys: [OpenPGPKey] = []
        var current: (fingerprint: String, created: Int64)?
        var latest: (at: Int64, lifetime: Int64?)?
        func finish() {
            guard let current else { return }
            let lifetime = latest?.lifetime.flatMap { $0 == 0 ? nil : $0 }
            keys.append(OpenPGPKey(fingerprint: current.fingerprint, expires: lifetime.map { current.created + $0 }))
        }
        while let packet = reader.next() {
            switch packet.tag {
            case 6:
                finish()
                latest = nil
                guard packet.body.count > 6, packet.body.first == 4 else { return nil }
                current = (fingerprint(of: packet.body), Int64(number(packet.body.dropFirst().prefix(4))))
            case 2:
                guard let current, let signature = SelfSignature(packet.body, by: current.fingerprint) else { continue }
                if signature.created >= latest?.at ?? 0 { latest = (signature.created, signature.lifetime) }
            default: continue
            }
        }
        finish()
        return reader.isWhole && !keys.isEmpty ? keys : nil
    }

    /// SHA-1 over 0x99, the length in two bytes and the packet (RFC 4880, 12.2).
    private static func fingerprint(of body: ArraySlice<UInt8>) -> String {
        let all = [0x99, UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
        var digest = [UInt8](repeating: 0, count: 20)
        precondition(EVP_Digest(all, all.count, &digest, nil, EVP_sha1(), nil) == 1, "OpenSSL has no SHA-1")
        return hexadecimal(digest).uppercased()
    }

    private static func dearmored(_ bytes: [UInt8]) -> [UInt8]? {
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK-----") }),
            let blank = lines[begin...].firstIndex(where: { $0.allSatisfy(\.isWhitespace) })
        else { return nil }
        let encoded = lines[(blank + 1)...].prefix { !$0.hasPrefix("=") && !$0.hasPrefix("-----") }.joined()
        return decoded(encoded.utf8.filter { $0 > 0x20 })
    }

    private static func decoded(_ base64: [UInt8]) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in base64 where byte != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(bits >> UInt32(count) & 0xFF))
            }
        }
        return out
    }
}

/// A number, the highest byte first.
private func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

/// Packets with their tags (RFC 4880, 4.2).
private struct PacketReader {
    private var rest: ArraySlice<UInt8>
    private(set) var isWhole = true

    init(bytes: [UInt8]) { rest = bytes[...] }

    mutating func next() -> (tag: Int, body: ArraySlice<UInt8>)? {
        guard let header = rest.popFirst() else { return nil }
        guard header & 0x80 != 0, let (tag, length) = length(header), length <= rest.count else {
            isWhole = false
            return nil
        }
        let body = rest.prefix(length)
        rest = rest.dropFirst(length)
        return (tag, body)
    }

    private mutating func length(_ header: UInt8) -> (tag: Int, length: Int)? {
        guard header & 0x40 != 0 else {
            // The old format; a length that is not told does not occur in keys.
            let size = [1, 2, 4, 0][Int(header & 3)]
            guard size > 0, rest.count >= size else { return nil }
            return (Int(header >> 2 & 15), number(take(size)))
        }
        guard let first = rest.popFirst() else { return nil }
        switch first {
        case ..<192: return (Int(header & 63), Int(first))
        case ..<224:
            guard let second = rest.popFirst() else { return nil }
            return (Int(header & 63), (Int(first) - 192) << 8 + Int(second) + 192)
        case 255:
            guard rest.count >= 4 else { return nil }
            return (Int(header & 63), number(take(4)))
        default: return nil
        }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// A signature of a key on itself: when it was made, and how long the key lives.
private struct SelfSignature {
    var created: Int64 = 0
    /// In seconds after the key was made.
    var lifetime: Int64?

    /// `nil` for a signature of another kind, or by another key.
    init?(_ body: ArraySlice<UInt8>, by fingerprint: String) {
        let bytes = Array(body)
        // Version 4; certifications of a name (0x10 to 0x13) and direct ones (0x1F).
        guard bytes.count > 8, bytes[0] == 4, (0x10...0x13).contains(bytes[1]) || bytes[1] == 0x1F else { return nil }
        let hashed = number(bytes[4..<6])
        guard bytes.count >= 8 + hashed else { return nil }
        let unhashed = number(bytes[(6 + hashed)..<(8 + hashed)])
        guard bytes.count >= 8 + hashed + unhashed else { return nil }
        var isOwn = false
        func isIssuer(_ kind: UInt8, _ content: ArraySlice<UInt8>) -> Bool {
            let text = hexadecimal(content).uppercased()
            return kind == 16 ? fingerprint.hasSuffix(text) : kind == 33 && text.hasSuffix(fingerprint)
        }
        for (kind, content) in Self.parts(of: bytes[6..<(6 + hashed)]) {
            switch kind {
            case 2: created = Int64(number(content))
            case 9: lifetime = Int64(number(content))
            default: isOwn = isOwn || isIssuer(kind, content)
            }
        }
        for (kind, content) in Self.parts(of: bytes[(8 + hashed)..<(8 + hashed + unhashed)]) {
            isOwn = isOwn || isIssuer(kind, content)
        }
        guard isOwn else { return nil }
    }

    private static func parts(of bytes: ArraySlice<UInt8>) -> [(UInt8, ArraySlice<UInt8>)] {
        var rest = bytes
        var parts: [(UInt8, ArraySlice<UInt8>)] = []
        while let first = rest.popFirst() {
            var length = Int(first)
            if first >= 192, first < 255, let second = rest.popFirst() {
                length = (Int(first) - 192) << 8 + Int(second) + 192
            } else if first == 255 {
                length = number(rest.prefix(4))
                rest = rest.dropFirst(4)
            }
            guard length >= 1, length <= rest.count else { break }
            // The highest bit says that the part is critical.
            parts.append((rest[rest.startIndex] & 0x7F, rest.dropFirst().prefix(length - 1)))
            rest = rest.dropFirst(length)
        }
        return parts
    }
}
