import COpenSSL

/// Random from OpenSSL, the only source of secrets in this program.
enum Random {
    static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Without random there is no safe way on: nothing here may continue with zeros.
        precondition(RAND_bytes(&bytes, Int32(count)) == 1, "OpenSSL has no random")
        return bytes
    }
}
