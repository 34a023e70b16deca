import CoreTypes
import Fernet
import Foundation
import Testing

@testable import Platform

@Suite("Signing")
struct SigningTests {
    @Test("HMAC-SHA256 signs the example of RFC 7515, A.1 as the RFC does")
    func rfc7515() throws {
        let key = try #require(
            Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
        let input =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
            + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let signature = Base64URL.encode(hmacSHA256(Array(input.utf8), key: key))
        #expect(signature == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    }

    @Test(
        "scrypt gives the digests of RFC 7914, section 12",
        arguments: [
            (
                "", "", 4, 1, 1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
            ),
            (
                "password", "NaCl", 10, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
        ])
    func rfc7914(password: String, salt: String, logN: Int, r: Int, p: Int, digest: String) {
        let cost = PasswordHash.Cost(logN: logN, r: r, p: p)
        #expect(hexadecimal(scrypt(Array(password.utf8), salt: Array(salt.utf8), cost: cost, length: 64)) == digest)
    }

    @Test("a password hash keeps its parameters in its text and matches that password only")
    func passwordHash() throws {
        let hash = PasswordHash(of: "correct horse", cost: .init(logN: 5, r: 4, p: 2))
        let read = try #require(PasswordHash(hash.description))
        #expect(read == hash)
        #expect(hash.description.hasPrefix("$scrypt$ln=5,r=4,p=2$"))
        #expect(read.matches("correct horse"))
        #expect(!read.matches("correct horse "))
        #expect(!read.matches(""))
    }

    @Test(
        "a damaged password hash is refused, whatever it would cost",
        arguments: [
            "", "$scrypt$ln=40,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$r=8,ln=5,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$bcrypt$ln=5,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=5,r=8,p=1$AAAA$AA",
            "$scrypt$ln=5,r=8,p=1$!$!",
        ])
    func damagedHash(text: String) {
        #expect(PasswordHash(text) == nil)
    }

    @Test("an unknown user never matches, not even with the password nobody has")
    func unknownUser() async throws {
        let hasher = PasswordHasher(cost: .init(logN: 4, r: 1, p: 1))
        #expect(try await !hasher.verify("", against: nil))
        let hash = try await hasher.hash("secret")
        #expect(try await hasher.verify("secret", against: hash))
    }

    @Test("more sign-ins than may wait are refused instead of piling up")
    func busy() async {
        let hasher = PasswordHasher(cost: .init(logN: 4, r: 1, p: 1), waitingAtMost: 0)
        await #expect(throws: PasswordHasher.Busy.self) { try await hasher.hash("secret") }
    }
}
