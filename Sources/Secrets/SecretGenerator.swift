import CoreTypes

/// Makes the value of a secret as its declaration asks.
struct SecretGenerator: Sendable {
    let random: RandomSource

    /// Letters and digits without those that look alike: no I, O, l, o, 0, 1.
    static let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789".utf8)

    func value(for generator: SecretDeclaration.Generator) throws -> String {
        switch generator {
        case .hex(let bytes): hex(try random.bytes(bytes))
        case .base64(let bytes): Base64URL.encode(try random.bytes(bytes), padded: false)
        case .fernet: Base64URL.encode(try random.bytes(FernetKey.size), padded: true)
        case .password(let length): try password(length)
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
