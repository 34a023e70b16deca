package import CoreTypes

/// The keys that access tokens are signed with: the current one, and the previous one while a rotation has grace.
package struct SigningKeys: Sendable {
    struct Key: Sendable {
        /// Names the key in a token without telling anything about it.
        let id: String
        let bytes: [UInt8]
    }

    let current: Key
    private let all: [Key]

    package init(current: Secret, previous: Secret? = nil) {
        self.current = Self.key(current)
        all = [self.current] + (previous.map { [Self.key($0)] } ?? [])
    }

    func key(named id: String) -> Key? { all.first { $0.id == id } }

    private static func key(_ secret: Secret) -> Key {
        let bytes = Array(secret.reveal().utf8)
        return Key(id: hexadecimal(hmacSHA256(Array("key id".utf8), key: bytes).prefix(8)), bytes: bytes)
    }
}
