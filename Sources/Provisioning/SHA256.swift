import COpenSSL
package import Host
package import SystemPackage

/// A running SHA-256 of OpenSSL.
///
/// An object may be let go after its last use in Swift, which is before the call that was given its context returns: so
/// each call holds on to it.
final class SHA256 {
    private let context = EVP_MD_CTX_new()

    init() { precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "OpenSSL has no SHA-256") }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        withExtendedLifetime(self) {
            precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "OpenSSL refuses to digest")
        }
    }

    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest as 64 hexadecimal digits. Nothing can be added afterwards.
    func finish() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        withExtendedLifetime(self) {
            precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "OpenSSL refuses to finish a digest")
        }
        return hexadecimal(digest)
    }
}

extension FileSystem {
    /// The digest of a regular file's content as 64 hexadecimal digits in lower case.
    package func sha256(of path: FilePath) throws -> String {
        let sum = SHA256()
        try readChunks(of: path) { sum.update($0) }
        return sum.finish()
    }
}

/// In lower case.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
