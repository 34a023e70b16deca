/// A secret the application needs, and how to generate it once.
package struct SecretDeclaration: Sendable, Equatable {
    package var name: SecretName
    package var generator: Generator

    package init(name: SecretName, generator: Generator) {
        self.name = name
        self.generator = generator
    }

    /// How the name of a secret ends that keeps the value that another one had.
    package static let previousSuffix = "_PREVIOUS"

    package enum Generator: Sendable, Equatable {
        /// This many random bytes as hexadecimal digits.
        case hex(bytes: Int)
        /// This many random bytes as URL-safe base64 without padding.
        case base64(bytes: Int)
        /// A Fernet key: 32 random bytes as padded URL-safe base64.
        case fernet
        /// For people to type: this many letters and digits without the ones that look alike.
        case password(length: Int)
        /// The address of MongoDB on this host, with the application's name as user and database, and `MONGO_PASSWORD`.
        case mongodbURL(application: String)
        /// The address of Redis on this host, with `REDIS_PASSWORD`.
        case redisURL
        /// What the secret of this name was before its last rotation; before the first one, random digits that nothing
        /// was ever signed or encrypted with.
        case previous(of: String)

        /// The secret that this one is made of.
        package var source: String? {
            switch self {
            case .hex, .base64, .fernet, .password, .previous: nil
            case .mongodbURL: "MONGO_PASSWORD"
            case .redisURL: "REDIS_PASSWORD"
            }
        }
    }
}
