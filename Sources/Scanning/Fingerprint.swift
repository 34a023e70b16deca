import COpenSSL

/// Names a finding by rule, path, value and occurrence, so that a line that moves does not make it a new one.
///
/// Of the value only 16 bits of its SHA-256 go in: enough to tell a replaced secret from the old one, too few to find
/// the secret by trying. Whoever holds a fingerprint can rule out all but one in 65,536 guesses, so a password from
/// a short list could still be narrowed down; nothing of a random one is learned. A renamed file is a new finding.
package struct Fingerprint {
    private var seen: [[UInt8]: Int] = [:]

    package init() {}

    /// Of what is no secret but tells one finding from another at the same place.
    package mutating func of(rule: String, path: String, text: String) -> String {
        var text = text
        return text.withUTF8 { of(rule: rule, path: path, value: $0) }
    }

    mutating func of(rule: String, path: String, value: UnsafeBufferPointer<UInt8>) -> String {
        var text: [UInt8] = Array("bedplate finding 1".utf8) + [0]
        text += Array(rule.utf8) + [0]
        text += Array(path.utf8) + [0]
        text += sha256(value).prefix(2)
        // Counted after the cut, so that two values with the same 16 bits do not become one finding.
        let occurrence = seen[text, default: 0]
        seen[text] = occurrence + 1
        text += Array(" \(occurrence)".utf8)
        return text.withUnsafeBufferPointer { hexadecimal(sha256($0).prefix(16)) }
    }
}

private func sha256(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
        var length: UInt32 = 0
        let done = EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, &length, EVP_sha256(), nil)
        precondition(done == 1 && length == 32, "SHA-256 needs no memory and cannot fail")
        count = 32
    }
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
