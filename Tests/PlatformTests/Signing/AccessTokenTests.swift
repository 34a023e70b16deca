import CoreTypes
import Fernet
import Foundation
import Testing

@testable import Platform

@Suite("Access tokens")
struct AccessTokenTests {
    private static let secret = Secret(String(repeating: "s", count: 64), named: "SECRET_KEY")
    private let time = TestTime()
    private var tokens: AccessTokens { AccessTokens(keys: SigningKeys(current: Self.secret), clock: time.clock) }

    /// A token with this header and these claims, signed correctly with the current key.
    private func signed(_ header: String, _ claims: String) -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        let key = SigningKeys(current: Self.secret).current
        return input + "." + Base64URL.encode(hmacSHA256(Array(input.utf8), key: key.bytes))
    }

    private var kid: String { SigningKeys(current: Self.secret).current.id }

    private func claims(iss: String = "cspm", aud: String = "cspm-api", expiresIn: Int64 = 60, age: Int64 = 0) -> String
    {
        let now = time.now.seconds
        return #"{"iss":"\#(iss)","aud":"\#(aud)","sub":"u1","iat":\#(now - age),"exp":\#(now + expiresIn)}"#
    }

    @Test("a token names the user it was issued for, until it expires")
    func issueAndExpire() throws {
        let token = try tokens.issue(for: "u1")
        #expect(tokens.userID(of: token) == "u1")
        time.advance(by: AccessTokens.lifetime - .seconds(1))
        #expect(tokens.userID(of: token) == "u1")
        time.advance(by: .seconds(1))
        #expect(tokens.userID(of: token) == nil)
    }

    @Test("a token with the right header and claims passes; it is the yardstick of the refusals")
    func yardstick() {
        #expect(tokens.userID(of: signed(#"{"alg":"HS256","kid":"\#(kid)","typ":"JWT"}"#, claims())) == "u1")
    }

    @Test(
        "no other algorithm than HS256 is accepted, however well the token is signed",
        arguments: [
            "none", "None", "HS384", "HS512", "RS256", "hs256", "",
        ])
    func otherAlgorithms(name: String) {
        let token = signed(#"{"alg":"\#(name)","kid":"\#(kid)","typ":"JWT"}"#, claims())
        #expect(tokens.userID(of: token) == nil)
        let unsigned = token.split(separator: ".").prefix(2).joined(separator: ".") + "."
        #expect(tokens.userID(of: unsigned) == nil)
    }

    @Test("a token of another issuer, another audience, an unknown key, or from the future is refused")
    func wrongClaims() {
        let header = #"{"alg":"HS256","kid":"\#(kid)","typ":"JWT"}"#
        #expect(tokens.userID(of: signed(header, claims(iss: "other"))) == nil)
        #expect(tokens.userID(of: signed(header, claims(aud: "other"))) == nil)
        #expect(tokens.userID(of: signed(header, claims(expiresIn: 0))) == nil)
        #expect(tokens.userID(of: signed(header, claims(age: -61))) == nil)
        #expect(tokens.userID(of: signed(#"{"alg":"HS256","kid":"x","typ":"JWT"}"#, claims())) == nil)
        #expect(tokens.userID(of: signed(#"{"alg":"HS256","typ":"JWT"}"#, claims())) == nil)
    }

    @Test("a token with one changed byte is refused, wherever the byte is")
    func tampering() throws {
        let token = try tokens.issue(for: "u1")
        for index in token.indices {
            var forged = token
            forged.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(tokens.userID(of: forged) == nil)
        }
        #expect(tokens.userID(of: token + ".") == nil)
        #expect(tokens.userID(of: "") == nil)
        #expect(tokens.userID(of: String(repeating: "A", count: 5000)) == nil)
    }

    @Test("after a rotation, tokens of the previous key are good for the life of a token, and not after")
    func rotation() throws {
        let old = try tokens.issue(for: "u1")
        let fresh = Secret(String(repeating: "n", count: 64), named: "SECRET_KEY")
        let during = AccessTokens(
            keys: SigningKeys(current: fresh, previous: (Self.secret, since: time.now)), clock: time.clock)
        let after = AccessTokens(keys: SigningKeys(current: fresh), clock: time.clock)
        #expect(during.userID(of: old) == "u1")
        #expect(after.userID(of: old) == nil)
        #expect(after.userID(of: try during.issue(for: "u1")) == "u1")
        // Whoever stole the previous key signs nothing that is good after the grace.
        time.advance(by: AccessTokens.lifetime - .seconds(1))
        let forged = try tokens.issue(for: "u1")
        #expect(during.userID(of: forged) == "u1")
        time.advance(by: .seconds(1))
        #expect(during.userID(of: forged) == nil && tokens.userID(of: forged) == "u1")
    }
}
