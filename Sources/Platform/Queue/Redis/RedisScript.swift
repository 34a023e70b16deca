import COpenSSL

/// A script that Redis runs as one step, like everything between MULTI and EXEC: all of it or nothing, in the append-only
/// file, too.
struct RedisScript: Sendable {
    let text: String
    /// SHA-1 is how Redis names scripts.
    let digest: String

    init(_ text: String) {
        self.text = text
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        let bytes = Array(text.utf8)
        _ = SHA1(bytes, bytes.count, &digest)
        self.digest = hexadecimal(digest)
    }
}
