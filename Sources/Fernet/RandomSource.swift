import COpenSSL
import CoreTypes

/// Where random bytes come from. Tests inject chosen ones; nothing else but OpenSSL is used for a real secret.
package struct RandomSource: Sendable {
    private let fill: @Sendable (Int) throws -> [UInt8]

    package init(_ fill: @escaping @Sendable (Int) throws -> [UInt8]) { self.fill = fill }

    /// Exactly this many bytes.
    package func bytes(_ count: Int) throws -> [UInt8] {
        let bytes = try fill(count)
        guard bytes.count == count else {
            throw OperatorError(
                doing: "generate a secret", because: "the random source gave \(bytes.count) bytes instead of \(count)")
        }
        return bytes
    }

    /// RAND_bytes(3).
    package static let openSSL = RandomSource { count in
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw OperatorError(
                doing: "generate a secret", because: "OpenSSL has no random bytes to give (\(OpenSSLError.last))",
                next: "see whether /dev/urandom can be read, then try again")
        }
        return bytes
    }
}
