package import CoreTypes

/// The keys that access tokens are signed with: the current one, and the previous one while a rotation has grace.
///
/// The grace is the life of a token, from the start of the program that knows both: what was signed before the rotation
/// is good to its own end, and whoever stole the previous key has nothing after that.
package struct SigningKeys: Sendable {
    struct Key: Sendable {
        /// Names the key in a token without telling anything about it.
        let id: String
        let bytes: [UInt8]
    }

    let current: Key
    private let previous: (key: Key, until: Timestamp)?

    /// `since` is when the program began to know both keys.
    package init(current: Secret, previous: (secret: Secret, since: Timestamp)? = nil) {
        self.current = Self.key(current)
        self.previous = previous.map { (Self.key($0.secret), $0.since + AccessTokens.lifetime) }
    }

    func key(named id: String, at moment: Timestamp) -> Key? {
        if id == current.id { return current }
        guard let previous, id == previous.key.id, moment < previous.until else { return nil }
        return previous.key
    }

    private static func key(_ secret: Secret) -> Key {
        let bytes = Array(secret.reveal().utf8)
        return Key(id: hexadecimal(hmacSHA256(Array("key id".utf8), key: bytes).prefix(8)), bytes: bytes)
    }
}
