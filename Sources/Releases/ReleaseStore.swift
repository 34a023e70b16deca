package import CoreTypes
package import Host
package import SystemPackage

/// The releases on this machine: immutable directories named by the digest of their content.
package struct ReleaseStore: Sendable {
    private static let directoryMode: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
    private static let stagingPrefix = ".staging-"

    private let host: any Host
    private let layout: Layout

    package init(host: any Host, layout: Layout) {
        self.host = host
        self.layout = layout
    }

    private var files: any FileSystem { host.files }

    /// Where a release is, or would be.
    package func directory(of release: ReleaseID) -> FilePath { layout.releases.appending(release.description) }

    /// The name a directory would have as a release.
    package func digest(of source: FilePath) throws -> ReleaseID {
        try ReleaseTree(at: source, on: files).digest(on: files)
    }

    /// Copies a directory into the store, or finds that it is there already and still what it was.
    package func adopt(_ source: FilePath) throws -> ReleaseID {
        let tree = try ReleaseTree(at: source, on: files)
        let release = try tree.digest(on: files)
        guard try files.status(directory(of: release)) == nil else {
            try verify(release)
            return release
        }
        try files.createDirectory(layout.releases, mode: Self.directoryMode, owner: nil)
        try sweep()
        let staging = layout.releases.appending(Self.stagingPrefix + release.short)
        try copy(tree, to: staging)
        guard try ReleaseTree(at: staging, on: files).digest(on: files) == release else {
            try files.removeTree(staging)
            throw OperatorError(
                doing: "take \(source) as a release", because: "it was changed while it was copied",
                next: "run the same command again when nobody writes there", exit: .retry)
        }
        try files.rename(staging, to: directory(of: release))
        return release
    }

    /// Every release, whole or not; nothing half-copied.
    package func list() throws -> [ReleaseID] {
        guard try files.status(layout.releases) != nil else { return [] }
        return try files.list(layout.releases).compactMap { try? ReleaseID($0) }
    }

    /// Reads a release again and compares it with its name.
    package func verify(_ release: ReleaseID) throws {
        let path = directory(of: release)
        let found = try ReleaseTree(at: path, on: files).digest(on: files)
        guard found == release else {
            throw OperatorError(
                doing: "use the release \(release.short)",
                because: "\(path) was changed: its content is that of \(found.short)",
                next: "remove \(path) and deploy it again")
        }
    }

    /// Removes what a deploy that was stopped left behind.
    private func sweep() throws {
        for name in try files.list(layout.releases) where name.hasPrefix(Self.stagingPrefix) {
            try files.removeTree(layout.releases.appending(name))
        }
    }

    private func copy(_ tree: ReleaseTree, to target: FilePath) throws {
        try files.createDirectory(target, mode: Self.directoryMode, owner: nil)
        for entry in tree.entries {
            let path = target.appending(entry.path)
            switch entry.content {
            case .directory: try files.createDirectory(path, mode: Self.directoryMode, owner: nil)
            case .link(let target): try files.createLink(path, to: target)
            case .file(let isExecutable, _):
                // Read-only for everybody: a release never changes.
                let mode = FilePermissions(rawValue: isExecutable ? 0o555 : 0o444)
                try files.copy(tree.root.appending(entry.path), to: path, mode: mode)
            }
        }
    }
}
