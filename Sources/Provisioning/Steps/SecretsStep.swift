package import CoreTypes
package import Host
package import Secrets
package import SystemPackage

/// The secrets of a profile: generated once, kept for ever, readable by nobody else. Only their names are seen here.
package struct SecretsStep: Step {
    package let title = "secrets"
    private let folder: FilePath
    private let declarations: [SecretDeclaration]
    /// `nil`: whoever runs the installer.
    private let owner: OwnerName?

    package init(folder: FilePath, _ declarations: [SecretDeclaration], owner: OwnerName? = nil) {
        self.folder = folder
        self.declarations = declarations
        self.owner = owner
    }

    package struct Facts: Sendable {
        package var missing: [SecretName]
        package var drift: [SecretDrift]

        package init(missing: [SecretName], drift: [SecretDrift]) {
            self.missing = missing
            self.drift = drift
        }
    }

    package func check(_ host: any Host) async throws -> Facts {
        let store = SecretStore(folder: folder, files: host.files, owner: try owner?.resolve(on: host))
        return Facts(
            // What is made of others comes after them.
            missing: try store.missing(declarations.filter { $0.generator.source == nil }).map(\.name)
                + store.missing(declarations.filter { $0.generator.source != nil }).map(\.name),
            drift: try store.drift(declarations.map(\.name)))
    }

    package func plan(_ facts: Facts) -> [Change] {
        facts.drift.map { Change($0.path.string, "close what is open: \($0)") }
            + facts.missing.map { Change($0.description, "generate the secret \($0)") }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let store = SecretStore(folder: folder, files: host.files, owner: try owner?.demand(on: host))
        for drift in try store.drift(declarations.map(\.name)) where drift.path.string == change.subject {
            try store.repair(drift)
        }
        for declaration in declarations where declaration.name.description == change.subject {
            try store.generate(declaration)
        }
    }
}
