package import CoreTypes
package import Host
import Secrets
package import SystemPackage

/// Makes the new value of a secret that is to be rotated; a rotation that is under way is gone on with.
package struct BeginRotationStep: Step {
    package let title = "new value"
    private let declaration: SecretDeclaration
    private let folder: FilePath

    package init(_ declaration: SecretDeclaration, folder: FilePath) {
        self.declaration = declaration
        self.folder = folder
    }

    /// Whether it is there.
    package func check(_ host: any Host) async throws -> Bool {
        try SecretStore(folder: folder, files: host.files).next(declaration.name) != nil
    }

    package func plan(_ facts: Bool) -> [Change] {
        facts ? [] : [Change("\(declaration.name)", "make a new \(declaration.name)")]
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        try SecretStore(folder: folder, files: host.files).beginRotation(of: declaration)
    }
}

/// Forgets the old values, after all that uses the secrets works with the new ones.
package struct EndRotationStep: Step {
    package let title = "old values"
    private let names: [SecretName]
    private let folder: FilePath

    package init(_ names: [SecretName], folder: FilePath) {
        self.names = names
        self.folder = folder
    }

    /// Those that are committed and not ended yet.
    package func check(_ host: any Host) async throws -> [SecretName] {
        let store = SecretStore(folder: folder, files: host.files)
        return try names.filter { try store.next($0) != nil && store.isCommitted($0) }
    }

    package func plan(_ facts: [SecretName]) -> [Change] {
        facts.map { Change("\($0)", "forget the old \($0)") }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        try SecretStore(folder: folder, files: host.files).endRotation(of: SecretName(change.subject))
    }
}
