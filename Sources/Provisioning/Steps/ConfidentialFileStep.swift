package import CoreTypes
package import Host
import Secrets
package import SystemPackage

/// A file with a secret in it. Its content is in no fact, no change and no difference.
package struct ConfidentialFileStep: Step {
    package let title: String
    private let path: FilePath
    private let mode: FilePermissions
    private let owner: OwnerName?
    private let secrets: [SecretName]
    private let folder: FilePath
    private let render: @Sendable ([Secret]) -> String

    /// `render` gets the values of `secrets`, in their order.
    package init(
        _ path: FilePath, mode: FilePermissions, owner: OwnerName?, secrets: [SecretName], in folder: FilePath,
        title: String, render: @escaping @Sendable ([Secret]) -> String
    ) {
        self.path = path
        self.mode = mode
        self.owner = owner
        self.secrets = secrets
        self.folder = folder
        self.title = title
        self.render = render
    }

    package enum Facts: Sendable { case absent, different, right }

    package func check(_ host: any Host) async throws -> Facts {
        guard let status = try host.files.status(path) else { return .absent }
        let isOwned = try owner.map { try $0.resolve(on: host) == status.owner } ?? true
        guard status.kind == .file, status.mode == mode, isOwned, status.size <= 1 << 20 else { return .different }
        let found = try host.files.read(path, limit: 1 << 20)
        return try found == Array(content(host).utf8) ? .right : .different
    }

    package func plan(_ facts: Facts) -> [Change] {
        let described = "(\(mode.octal)" + (owner.map { ", \($0)" } ?? "") + ")"
        return switch facts {
        case .absent: [Change(path.string, "write \(path) \(described), with a secret in it")]
        case .different: [Change(path.string, "replace \(path) \(described), which is not as it should be")]
        case .right: []
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        try host.files.replace(path, with: Array(content(host).utf8), mode: mode, owner: owner?.demand(on: host))
    }

    private func content(_ host: any Host) throws -> String {
        let store = SecretStore(folder: folder, files: host.files)
        return render(try secrets.map(store.secret))
    }
}
