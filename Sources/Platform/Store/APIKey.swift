import Fernet

/// A key for programs, as the store keeps it: of the key itself only a digest is left.
package struct APIKey: Sendable, Equatable {
    /// What a key may be used for.
    package enum Scope: String, Sendable, Codable, CaseIterable {
        case read = "scans:read"
        case write = "scans:write"
    }

    package let id: String
    package let userID: String
    /// What its owner calls it.
    package let name: String
    /// SHA-256 in hexadecimal digits: a random key needs no slow hash.
    package let digest: String
    package let scopes: [Scope]
    package let createdAt: Timestamp
    /// `nil`: until it is revoked.
    package var expiresAt: Timestamp?

    package init(
        id: String, userID: String, name: String, digest: String, scopes: [Scope], createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.userID = userID
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// A new key with its text, which nobody can read again later.
    package static func new(
        of userID: String, named name: String, scopes: [Scope], at moment: Timestamp, until end: Timestamp?
    ) -> (key: APIKey, text: String) {
        let text = "osk_" + Base64URL.encode(Random.bytes(32))
        let key = APIKey(
            id: hexadecimal(Random.bytes(8)), userID: userID, name: name, digest: digest(of: text), scopes: scopes,
            createdAt: moment, expiresAt: end)
        return (key, text)
    }

    package static func digest(of text: some StringProtocol) -> String { hexadecimal(sha256(Array(text.utf8))) }

    func isValid(at moment: Timestamp) -> Bool { expiresAt.map { moment < $0 } ?? true }
}
