import Fernet
import FoundationEssentials

/// Issues and verifies access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 and nothing else.
package struct AccessTokens: Sendable {
    package static let lifetime: Duration = .seconds(8 * 3600)
    private static let issuer = "cspm"
    private static let audience = "cspm-api"
    /// Two hosts' clocks may differ by this much.
    private static let leeway: Int64 = 60

    private struct Header: Codable {
        let alg: String
        let kid: String
        let typ: String
    }

    private struct Claims: Codable {
        let iss: String
        let aud: String
        let sub: String
        let iat: Int64
        let exp: Int64
    }

    private let keys: SigningKeys
    private let clock: WallClock

    package init(keys: SigningKeys, clock: WallClock) {
        self.keys = keys
        self.clock = clock
    }

    package func issue(for userID: String) throws -> String {
        let now = clock.now()
        let header = Header(alg: "HS256", kid: keys.current.id, typ: "JWT")
        let claims = Claims(
            iss: Self.issuer, aud: Self.audience, sub: userID, iat: now.seconds, exp: (now + Self.lifetime).seconds)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let input =
            Base64URL.encode(Array(try encoder.encode(header))) + "."
            + Base64URL.encode(Array(try encoder.encode(claims)))
        return input + "." + Base64URL.encode(hmacSHA256(Array(input.utf8), key: keys.current.bytes))
    }

    /// The user a token was issued for, or `nil` for a token that is forged, expired or not ours.
    ///
    /// The signature is verified before a claim is read, with the one algorithm there is: what the header says can
    /// only refuse.
    package func userID(of token: some StringProtocol) -> String? {
        let moment = clock.now()
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= 4096, parts.count == 3,
            let header: Header = Self.decode(parts[0]), header.alg == "HS256",
            let key = keys.key(named: header.kid, at: moment),
            let signature = Base64URL.decode(parts[2]),
            equalInConstantTime(signature, hmacSHA256(Array("\(parts[0]).\(parts[1])".utf8), key: key.bytes)),
            let claims: Claims = Self.decode(parts[1]), claims.iss == Self.issuer, claims.aud == Self.audience
        else { return nil }
        let now = moment.seconds
        guard now < claims.exp, claims.iat <= now + Self.leeway else { return nil }
        return claims.sub
    }

    private static func decode<Value: Decodable>(_ part: some StringProtocol) -> Value? {
        Base64URL.decode(part).flatMap { try? JSONDecoder().decode(Value.self, from: Data($0)) }
    }
}
