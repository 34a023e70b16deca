import CoreTypes
import Fernet

/// Makes the value of a secret as its declaration asks.
struct SecretGenerator: Sendable {
    let random: RandomSource

    /// Letters and digits without those that look alike: no I, O, l, o, 0, 1.
    static let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789".utf8)

    /// `source`: the value of the secret that this one is made of.
    func value(for generator: SecretDeclaration.Generator, source: Secret? = nil) throws -> String {
        switch generator {
        case .hex(let bytes): hex(try random.bytes(bytes))
        case .base64(let bytes): Base64URL.encode(try random.bytes(bytes), padded: false)
        case .fernet: Base64URL.encode(try random.bytes(FernetKey.size), padded: true)
        case .password(let length): try password(length)
        case .previous: hex(try random.bytes(FernetKey.size))
        case .mongodbURL(let application):
            "mongodb://\(application):\(escaped(source))@127.0.0.1:27017/\(application)"
                + "?authSource=admin&authMechanism=SCRAM-SHA-256&directConnection=true"
        case .redisURL: "redis://:\(escaped(source))@127.0.0.1:6379/0"
        }
    }

    /// As the user part of an address takes it.
    private func escaped(_ secret: Secret?) -> String {
        let plain = CharacterSet()
        return (secret?.reveal() ?? "").utf8.map { byte in
            plain.contains(byte) ? String(UnicodeScalar(byte)) : "%" + hex([byte])
        }.joined()
    }

    /// What needs no escape in an address (RFC 3986, unreserved).
    private struct CharacterSet {
        func contains(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            }
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func password(_ length: Int) throws -> String {
        // A byte beyond the last whole multiple of the alphabet would favour its first letters.
        let usable = 256 - 256 % Self.alphabet.count
        var letters: [UInt8] = []
        while letters.count < length {
            for byte in try random.bytes(length) where Int(byte) < usable && letters.count < length {
                letters.append(Self.alphabet[Int(byte) % Self.alphabet.count])
            }
        }
        return String(decoding: letters, as: UTF8.self)
    }
}
