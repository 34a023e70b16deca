import COpenSSL
import Fernet

/// A password as it is stored: the parameters of scrypt (RFC 7914), the salt and the digest.
///
/// Text form: `$scrypt$ln=15,r=8,p=1$salt$digest`, so that the cost can be raised without breaking old hashes.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible {
    /// What a hash costs: 2^logN × r × 128 bytes of memory, p times.
    package struct Cost: Sendable, Equatable {
        package let logN: Int
        package let r: Int
        package let p: Int

        /// 32 MiB and about 80 ms.
        package static let standard = Cost(logN: 15, r: 8, p: 1)

        package init(logN: Int, r: Int, p: Int) {
            self.logN = logN
            self.r = r
            self.p = p
        }

        /// Bounds what a damaged row can make us spend.
        var isSane: Bool { (1...20).contains(logN) && (1...32).contains(r) && (1...16).contains(p) }
    }

    let cost: Cost
    let salt: [UInt8]
    let digest: [UInt8]

    package init(of password: String, cost: Cost) {
        self.cost = cost
        salt = Random.bytes(16)
        digest = scrypt(Array(password.utf8), salt: salt, cost: cost, length: 32)
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=") }
        guard numbers.map(\.first) == ["ln", "r", "p"],
            let logN = Int(numbers[0].dropFirst().joined()), let r = Int(numbers[1].dropFirst().joined()),
            let p = Int(numbers[2].dropFirst().joined()), Cost(logN: logN, r: r, p: p).isSane,
            let salt = Base64URL.decode(parts[3]), let digest = Base64URL.decode(parts[4]), digest.count >= 16
        else { return nil }
        cost = Cost(logN: logN, r: r, p: p)
        self.salt = salt
        self.digest = digest
    }

    package var description: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(Base64URL.encode(salt))$\(Base64URL.encode(digest))"
    }

    package func matches(_ password: String) -> Bool {
        equalInConstantTime(digest, scrypt(Array(password.utf8), salt: salt, cost: cost, length: digest.count))
    }
}

/// scrypt by OpenSSL.
func scrypt(_ password: [UInt8], salt: [UInt8], cost: PasswordHash.Cost, length: Int) -> [UInt8] {
    var key = [UInt8](repeating: 0, count: length)
    let memory = UInt64(128 * cost.r) * (UInt64(1) << UInt64(cost.logN) + UInt64(cost.p) + 2) + 1 << 20
    let done = password.withUnsafeBytes { bytes in
        EVP_PBE_scrypt(
            bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, salt, salt.count,
            1 << UInt64(cost.logN), UInt64(cost.r), UInt64(cost.p), memory, &key, length)
    }
    precondition(done == 1, "OpenSSL refuses scrypt with ln=\(cost.logN), r=\(cost.r), p=\(cost.p)")
    return key
}
