/// Somebody who may sign in.
package struct User: Sendable, Equatable {
    package enum Role: String, Sendable, Codable { case administrator, member }

    package let id: String
    package let name: String
    package let password: PasswordHash
    package let role: Role
    package let createdAt: Timestamp

    package init(id: String, name: String, password: PasswordHash, role: Role, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.password = password
        self.role = role
        self.createdAt = createdAt
    }

    /// A new administrator with an id of its own.
    package static func administrator(_ name: String, password: PasswordHash, at moment: Timestamp) -> User {
        User(id: hexadecimal(Random.bytes(12)), name: name, password: password, role: .administrator, createdAt: moment)
    }

    /// A letter, then at most 63 of letters, digits, `.`, `_`, `-`, `@`.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "._-@".utf8.contains($0)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
