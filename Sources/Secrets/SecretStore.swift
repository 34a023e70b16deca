package import CoreTypes
package import Fernet
package import Host
package import SystemPackage

/// The secrets of this installation: one folder, one file a secret. Nobody else opens these files.
///
/// A value is generated once. A file that exists is never written again, whatever is in it: somebody's data may be
/// encrypted with it.
package struct SecretStore: Sendable {
    package let folder: FilePath
    /// Who must own the folder and the files; `nil`: whoever runs this program.
    package let owner: Owner?
    let files: any FileSystem
    let generator: SecretGenerator

    package init(
        folder: FilePath, files: any FileSystem, owner: Owner? = nil, random: RandomSource = .openSSL
    ) {
        self.folder = folder
        self.files = files
        self.owner = owner
        generator = SecretGenerator(random: random)
    }

    /// rwx------
    package static let folderMode = FilePermissions(rawValue: 0o700)
    /// rw-------
    package static let fileMode = FilePermissions(rawValue: 0o600)
    static let limit = 64 * 1024

    package func path(of name: SecretName) -> FilePath { folder.appending(name.description) }

    /// The secrets that have no file yet. Reads only; throws when a file is there that cannot be one.
    package func missing(_ declarations: [SecretDeclaration]) throws -> [SecretDeclaration] {
        try declarations.filter { declaration in
            guard let value = try value(of: declaration.name) else { return true }
            if declaration.generator == .fernet { _ = try FernetKey(value) }
            return false
        }
    }

    /// Generates a value and writes it with its final mode; a secret that is there is left alone.
    package func generate(_ declaration: SecretDeclaration) throws {
        let path = path(of: declaration.name)
        guard try files.status(path) == nil else { return }
        if try files.status(folder) == nil {
            try files.createDirectory(folder, mode: Self.folderMode, owner: owner)
        }
        try write(made(declaration), to: path)
    }

    /// A value as the declaration asks for it.
    func made(_ declaration: SecretDeclaration) throws -> String {
        let source = try declaration.generator.source.map { try secret(SecretName($0)) }
        return try generator.value(for: declaration.generator, source: source)
    }

    func write(_ value: String, to path: FilePath) throws {
        try files.replace(path, with: Array(value.utf8), mode: Self.fileMode, owner: owner)
    }

    /// The value of a secret; it must have been generated.
    package func secret(_ name: SecretName) throws -> Secret {
        guard let secret = try value(of: name) else {
            throw OperatorError(
                doing: "read the secret \(name)", because: "\(path(of: name)) does not exist",
                next: "run 'bedplate install' or 'bedplate trial start' again: they generate what is missing")
        }
        return secret
    }

    /// The folder and the files of `names` that somebody other than the owner could read or change. Reads only.
    package func drift(_ names: [SecretName]) throws -> [SecretDrift] {
        let wanted = [(folder, Self.folderMode)] + names.map { (path(of: $0), Self.fileMode) }
        return try wanted.compactMap { path, mode in
            guard let status = try files.status(path) else { return nil }
            let isOwned = owner.map { $0 == status.owner } ?? true
            guard status.mode != mode || !isOwned else { return nil }
            return SecretDrift(
                path: path, mode: status.mode, wantedMode: mode, owner: status.owner, wantedOwner: owner)
        }
    }

    /// Gives a path its mode and owner back; the value stays.
    package func repair(_ drift: SecretDrift) throws {
        if let owner = drift.wantedOwner, owner != drift.owner { try files.setOwner(drift.path, owner) }
        if drift.mode != drift.wantedMode { try files.setMode(drift.path, drift.wantedMode) }
    }

    func value(of name: SecretName) throws -> Secret? { try value(at: path(of: name), of: name) }

    /// `nil` when there is no file; a file that cannot be a secret is an error and stays as it is.
    func value(at path: FilePath, of name: SecretName) throws -> Secret? {
        func refuse(_ because: String) -> OperatorError {
            OperatorError(
                doing: "use the secret \(name)", because: "\(path) \(because)",
                next:
                    "restore it from a backup; if nothing was ever stored with it, remove it and it is generated again")
        }
        guard let status = try files.status(path) else { return nil }
        guard status.kind == .file else { throw refuse("is not a regular file") }
        guard status.size <= Self.limit else { throw refuse("is larger than 64 KiB") }
        let bytes = try files.read(path, limit: Self.limit)
        guard !bytes.isEmpty else { throw refuse("is empty") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refuse("is not UTF-8 text") }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw refuse("has a line break or another control character, which would become part of the value")
        }
        return Secret(text, named: name.description)
    }
}
