/// Why a Fernet token was not decrypted.
package enum FernetError: Error, Equatable, CustomStringConvertible {
    /// It has not the form of a token, or was damaged in a way its signature covers.
    case notAToken
    /// Made with another key, or changed since.
    case wrongKey
    case expired
    case fromTheFuture

    package var description: String {
        switch self {
        case .notAToken: "this is not an encrypted value"
        case .wrongKey: "this value was encrypted with another key, or changed since"
        case .expired: "this value is too old"
        case .fromTheFuture: "this value is from the future; compare the clocks"
        }
    }
}
