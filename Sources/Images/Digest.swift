import COpenSSL

/// A SHA-256, written `sha256:` and 64 digits.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package let hexadecimal: String

    package var description: String { "sha256:\(hexadecimal)" }
    /// What people compare by.
    var short: String { "sha256:\(hexadecimal.prefix(12))" }

    init(bytes: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        hexadecimal = String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// 64 digits in lower case, as in the name of a blob; anything else is `nil`.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8
        guard digits.count == 64, digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            return nil
        }
        hexadecimal = String(text)
    }

    /// As documents name it.
    init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hexadecimal: text.dropFirst(7))
    }
}

/// SHA-256 of what comes in pieces.
final class Hashing {
    private let context = EVP_MD_CTX_new()

    init() {
        let isReady = EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(isReady == 1, "SHA-256 is always there")
    }

    deinit { EVP_MD_CTX_free(context) }

    func add(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &bytes, nil)
        return Digest(bytes: bytes)
    }
}
