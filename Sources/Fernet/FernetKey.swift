import COpenSSL
package import CoreTypes

/// A key of the Fernet format: encrypts texts for storage and notices every change to them.
package struct FernetKey: Sendable {
    private let signing: [UInt8]
    private let encryption: [UInt8]

    /// In bytes: half for signing, half for encryption.
    package static let size = 32
    private static let version: UInt8 = 0x80
    /// Version, time and initialization vector.
    private static let header = 1 + 8 + 16
    private static let macSize = 32
    /// How far a token's time may lie ahead, for clocks that disagree.
    private static let skew: Int64 = 60

    /// Reads the 44 characters of a key.
    package init(_ secret: Secret) throws(OperatorError) {
        guard let bytes = Base64URL.decode(padded: secret.reveal()), bytes.count == Self.size else {
            throw OperatorError(
                doing: "use the secret \(secret.name)",
                because: "it is not a Fernet key, which is 32 bytes as 44 characters of URL-safe base64",
                next: "restore it from a backup")
        }
        signing = Array(bytes.prefix(16))
        encryption = Array(bytes.suffix(16))
    }

    /// - Parameter now: seconds since 1970, readable by everyone who has the token.
    package func encrypt(_ message: [UInt8], now: Int64, random: RandomSource = .openSSL) throws -> String {
        let vector = try random.bytes(16)
        let time = (0..<8).map { UInt8(truncatingIfNeeded: now >> (56 - 8 * $0)) }
        let signed = try [Self.version] + time + vector + cipher(message, vector: vector, encrypts: true)
        return Base64URL.encode(signed + (try mac(of: signed)), padded: true)
    }

    /// The message of a token that this key made.
    ///
    /// - Parameter lifetime: in seconds; `nil`: a token never expires.
    package func decrypt(_ token: String, now: Int64, lifetime: Int64? = nil) throws(FernetError) -> [UInt8] {
        guard let bytes = Base64URL.decode(padded: token), bytes.count >= Self.header + 16 + Self.macSize,
            bytes[0] == Self.version
        else { throw .notAToken }
        let signed = Array(bytes.dropLast(Self.macSize))
        guard let expected = try? mac(of: signed), isEqual(expected, bytes.suffix(Self.macSize)) else {
            throw .wrongKey
        }
        guard (signed.count - Self.header).isMultiple(of: 16) else { throw .notAToken }
        let stamp = Int64(bitPattern: signed[1...8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let (age, overflow) = now.subtractingReportingOverflow(stamp)
        guard stamp >= 0, !overflow else { throw .notAToken }
        if let lifetime {
            guard age <= lifetime else { throw .expired }
            guard age >= -Self.skew else { throw .fromTheFuture }
        }
        let vector = Array(signed[9..<Self.header])
        guard let message = try? cipher(Array(signed[Self.header...]), vector: vector, encrypts: false) else {
            throw .notAToken
        }
        return message
    }

    /// AES-128-CBC with PKCS #7 padding.
    private func cipher(_ input: [UInt8], vector: [UInt8], encrypts: Bool) throws -> [UInt8] {
        guard let context = EVP_CIPHER_CTX_new() else { throw failure() }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: input.count + 16)
        var first: Int32 = 0
        var last: Int32 = 0
        guard EVP_CipherInit_ex(context, EVP_aes_128_cbc(), nil, encryption, vector, encrypts ? 1 : 0) == 1,
            EVP_CipherUpdate(context, &output, &first, input, Int32(input.count)) == 1
        else { throw failure() }
        let isComplete = output.withUnsafeMutableBufferPointer { buffer in
            EVP_CipherFinal_ex(context, buffer.baseAddress?.advanced(by: Int(first)), &last) == 1
        }
        guard isComplete else { throw failure() }
        return Array(output.prefix(Int(first + last)))
    }

    private func mac(of bytes: [UInt8]) throws -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.macSize)
        var count: UInt32 = 0
        guard HMAC(EVP_sha256(), signing, Int32(signing.count), bytes, bytes.count, &digest, &count) != nil,
            count == Self.macSize
        else { throw failure() }
        return digest
    }

    private func isEqual(_ a: [UInt8], _ b: ArraySlice<UInt8>) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, Array(b), a.count) == 0
    }

    private func failure() -> OperatorError {
        OperatorError(doing: "use a Fernet key", because: "OpenSSL failed (\(OpenSSLError.last))")
    }
}
