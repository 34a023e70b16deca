package import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// The releases on this machine: immutable directories named by the digest of their content.
package struct ReleaseStore: Sendable {
    private static let stagingPrefix = ".staging-"
    private static let unpackPrefix = ".unpacked-"

    let host: any Host
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
        try files.createDirectory(layout.releases, mode: ReleaseTree.directoryMode, owner: nil)
        let staging = layout.releases.appending(Self.stagingPrefix + release.short)
        try files.removeTree(staging)
        try tree.copy(to: staging, on: files)
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

    /// Removes releases; of one that is stopped half-way nothing is left that looks like a release.
    package func remove(_ releases: [ReleaseID]) throws {
        for release in releases {
            let going = layout.releases.appending(Self.stagingPrefix + release.short)
            try files.removeTree(going)
            try files.rename(directory(of: release), to: going)
            try files.removeTree(going)
        }
    }

    /// A new place in the store for something to be unpacked to; `adopt` takes it from there, and removes it later.
    func staging(_ name: String) throws -> FilePath {
        try files.createDirectory(layout.releases, mode: ReleaseTree.directoryMode, owner: nil)
        try sweep()
        return layout.releases.appending(Self.unpackPrefix + name)
    }

    /// What the release says of itself.
    package func manifest(of release: ReleaseID) throws -> ReleaseManifest {
        let path = directory(of: release).appending(ReleaseManifest.fileName)
        guard let bytes = try files.readIfPresent(path, limit: ProfileSource.limit) else { return ReleaseManifest() }
        do throws(ProfileProblems) {
            return try ReleaseManifest(ProfileSource(name: ReleaseManifest.fileName, bytes: bytes))
        } catch {
            throw error.operatorError(
                doing: "use the release \(release.short)", what: "its \(ReleaseManifest.fileName)",
                next: "correct the file and deploy the release again")
        }
    }

    /// Removes what a deploy that was stopped left behind.
    private func sweep() throws {
        for name in try files.list(layout.releases)
        where name.hasPrefix(Self.stagingPrefix) || name.hasPrefix(Self.unpackPrefix) {
            try files.removeTree(layout.releases.appending(name))
        }
    }
}
