package import CoreTypes
import Host
import SystemPackage

/// How a secret gets a new value without a moment at which the only one that works is lost.
///
/// The new value is written beside the old one, as `NAME.next`, and stays there until all that uses the secret works with
/// it: whoever finds that file goes on where a rotation was stopped. The old value is kept as `NAME.old` for as long.
extension SecretStore {
    private func path(of name: SecretName, _ suffix: String) -> FilePath {
        folder.appending("\(name).\(suffix)")
    }

    /// The new value of a secret that is being rotated; `nil`: it is not.
    package func next(_ name: SecretName) throws -> Secret? { try value(at: path(of: name, "next"), of: name) }

    /// Makes the new value. One that a stopped rotation made is kept: something may know it already.
    package func beginRotation(of declaration: SecretDeclaration) throws {
        let path = path(of: declaration.name, "next")
        guard try files.status(path) == nil else { return }
        try write(made(declaration), to: path)
    }

    /// Whether the new value is the secret's value.
    package func isCommitted(_ name: SecretName) throws -> Bool {
        try next(name)?.reveal() == secret(name).reveal()
    }

    /// Whether the old value is kept, and also is the value of `previous` where there is such a secret.
    package func isOldKept(_ name: SecretName, as previous: SecretName?) throws -> Bool {
        let old = try secret(name).reveal()
        guard try value(at: path(of: name, "old"), of: name)?.reveal() == old else { return false }
        return try previous.map { try value(of: $0)?.reveal() == old } ?? true
    }

    package func keepOld(_ name: SecretName, as previous: SecretName?) throws {
        let old = try secret(name).reveal()
        try write(old, to: path(of: name, "old"))
        if let previous { try write(old, to: path(of: previous)) }
    }

    /// The new value becomes the secret's value.
    package func commit(_ name: SecretName) throws {
        guard let next = try next(name) else { return }
        try write(next.reveal(), to: path(of: name))
    }

    /// Whether what is made of another secret is made of its present value.
    package func isUpToDate(_ declaration: SecretDeclaration) throws -> Bool {
        try value(of: declaration.name)?.reveal() == made(declaration)
    }

    /// Makes what is made of another secret anew.
    package func renew(_ declaration: SecretDeclaration) throws {
        try write(made(declaration), to: path(of: declaration.name))
    }

    /// All that uses the secret has the new value: the old one goes.
    package func endRotation(of name: SecretName) throws {
        try files.remove(path(of: name, "old"))
        try files.remove(path(of: name, "next"))
    }
}
