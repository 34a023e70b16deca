import COpenSSL

/// SHA-256 of some bytes.
func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    _ = SHA256(bytes, bytes.count, &digest)
    return digest
}

/// HMAC with SHA-256 (RFC 2104) of some bytes.
func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    var length: UInt32 = 0
    let written = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
    precondition(written != nil && length == UInt32(digest.count), "OpenSSL has no HMAC-SHA256")
    return digest
}

/// Whether two values are the same, in a time that tells nothing about where they differ.
func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}

/// The same for secrets of any length: their digests are compared, so that the length stays unknown, too.
func equalSecrets(_ a: String, _ b: String) -> Bool {
    equalInConstantTime(sha256(Array(a.utf8)), sha256(Array(b.utf8)))
}
