/// A secret the application needs, and how to generate it once.
package struct SecretDeclaration: Sendable, Equatable {
    package var name: SecretName
    package var generator: Generator

    package init(name: SecretName, generator: Generator) {
        self.name = name
        self.generator = generator
    }

    package enum Generator: Sendable, Equatable {
        /// This many random bytes as hexadecimal digits.
        case hex(bytes: Int)
        /// This many random bytes as URL-safe base64 without padding.
        case base64(bytes: Int)
        /// A Fernet key: 32 random bytes as padded URL-safe base64.
        case fernet
        /// For people to type: this many letters and digits without the ones that look alike.
        case password(length: Int)
    }
}
