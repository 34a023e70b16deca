import CoreTypes
import Foundation
import Testing

@testable import Fernet

/// Vectors of the Fernet specification: generate.json, verify.json, invalid.json.
@Suite("Fernet")
struct FernetTests {
    private static let key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
    private static let token =
        "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
    /// 1985-10-26T01:20:00-07:00
    private static let then: Int64 = 499_162_800

    private func key(_ text: String = key) throws -> FernetKey { try FernetKey(Secret(text, named: "KEY")) }

    @Test("the specification's token is made from its key, time and vector")
    func generate() throws {
        let vector = RandomSource { count in (0..<count).map { UInt8($0) } }
        #expect(try key().encrypt(Array("hello".utf8), now: Self.then, random: vector) == Self.token)
    }

    @Test("the specification's token is read within its lifetime")
    func verify() throws {
        #expect(try key().decrypt(Self.token, now: Self.then + 1, lifetime: 60) == Array("hello".utf8))
    }

    @Test("every invalid token of the specification is refused for its reason", arguments: invalid)
    func invalidTokens(_ vector: Invalid) throws {
        #expect(throws: vector.error) { try key().decrypt(vector.token, now: Self.then + vector.after, lifetime: 60) }
    }

    struct Invalid: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let token: String
        /// Seconds after `then`.
        let after: Int64
        let error: FernetError
    }

    static let invalid = [
        Invalid(
            testDescription: "incorrect mac",
            token:
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
            after: 1, error: .wrongKey),
        Invalid(
            testDescription: "too short",
            token:
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
            after: 1, error: .notAToken),
        Invalid(
            testDescription: "invalid base64",
            token:
                "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
            after: 1, error: .notAToken),
        Invalid(
            testDescription: "payload size not multiple of block size",
            token:
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
            after: 1, error: .notAToken),
        Invalid(
            testDescription: "payload padding error",
            token:
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
            after: 1, error: .notAToken),
        Invalid(
            testDescription: "far-future TS (unacceptable clock skew)",
            token:
                "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
            after: 1, error: .fromTheFuture),
        Invalid(
            testDescription: "expired TTL",
            token:
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
            after: 91, error: .expired),
        Invalid(
            testDescription: "incorrect IV (causes padding error)",
            token:
                "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
            after: 1, error: .notAToken),
    ]

    @Test("no byte of a token can be changed unnoticed")
    func tampering() throws {
        let bytes = try #require(Base64URL.decode(padded: Self.token))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: FernetError.self) {
                try key().decrypt(Base64URL.encode(changed, padded: true), now: Self.then)
            }
        }
    }

    @Test("what one key encrypts, it decrypts, and another does not", arguments: [0, 1, 15, 16, 17, 1000])
    func roundTrip(_ size: Int) throws {
        let message = try RandomSource.openSSL.bytes(size)
        let other = try key(Base64URL.encode(RandomSource.openSSL.bytes(FernetKey.size), padded: true))
        let token = try key().encrypt(message, now: Self.then)
        #expect(try key().decrypt(token, now: Self.then) == message)
        #expect(throws: FernetError.wrongKey) { try other.decrypt(token, now: Self.then) }
        #expect(try key().encrypt(message, now: Self.then) != token)
    }

    @Test("base64 is read strictly", arguments: ["AA", "AA=", "AAA", "A===", "AB==", "AA==\n", "A A=", "++++", "=AAA"])
    func strictBase64(_ text: String) { #expect(Base64URL.decode(padded: text) == nil) }

    @Test("so it is without padding", arguments: ["A", "AB", "AAB", "AA==", "A A", "+/AA", "AAAAA"])
    func strictWithoutPadding(text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test("base64 gives back every length of bytes, padded or not")
    func everyLength() throws {
        for count in 0..<20 {
            let bytes = try RandomSource.openSSL.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Base64URL.decode(padded: Base64URL.encode(bytes, padded: true)) == bytes)
            let standard = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            #expect(Base64URL.encode(bytes, padded: true) == standard)
        }
    }

    @Test("base64 is written as RFC 4648 has it")
    func base64() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            #expect(Base64URL.encode(Array(text.utf8), padded: true) == encoded)
            #expect(Base64URL.decode(padded: encoded) == Array(text.utf8))
        }
        #expect(Base64URL.encode([0xFB, 0xFF], padded: false) == "-_8")
    }
}
