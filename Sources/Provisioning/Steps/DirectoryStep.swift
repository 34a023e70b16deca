package import Host
package import SystemPackage

/// A tree of directories with their modes and owners.
package struct DirectoryStep: Step {
    package let title: String
    private let directories: [Directory]

    /// Parents before what is below them.
    package init(_ directories: [Directory], title: String = "directories") {
        self.title = title
        self.directories = directories
    }

    package struct Directory: Hashable, Sendable {
        package let path: FilePath
        package let mode: FilePermissions
        /// `nil`: whoever runs the installer.
        package let owner: OwnerName?

        package init(_ path: FilePath, mode: FilePermissions, owner: OwnerName? = nil) {
            self.path = path
            self.mode = mode
            self.owner = owner
        }
    }

    /// What is at each path, and who the owner is by number.
    package struct Facts: Sendable {
        package var found: [FilePath: FileStatus] = [:]
        package var owners: [OwnerName: Owner] = [:]

        package init() {}
    }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts()
        for directory in directories {
            facts.found[directory.path] = try host.files.status(directory.path)
            if let owner = directory.owner { facts.owners[owner] = try owner.resolve(on: host) }
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        directories.compactMap { directory in
            let path = directory.path
            let described = "(\(directory.mode.octal)" + (directory.owner.map { ", \($0)" } ?? "") + ")"
            guard let found = facts.found[path] else {
                return Change(path.string, "create the directory \(path) \(described)")
            }
            let isOwned = directory.owner.map { facts.owners[$0] == found.owner } ?? true
            guard found.kind == .directory, found.mode == directory.mode, isOwned else {
                return Change(path.string, "make \(path) a directory \(described)")
            }
            return nil
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        for directory in directories where directory.path.string == change.subject {
            try host.files.createDirectory(
                directory.path, mode: directory.mode, owner: directory.owner?.demand(on: host))
        }
    }
}

extension DirectoryStep {
    /// Every directory of a layout, with its mode. `ownsNginx`: the supervisor runs nginx, with files of ours alone.
    package static func layout(_ layout: Layout, ownsNginx: Bool) -> DirectoryStep {
        let open = FilePermissions(rawValue: 0o755)
        let shared = FilePermissions(rawValue: 0o750)
        var directories: [Directory] = [
            Directory(layout.configuration, mode: open), Directory(layout.overrides, mode: open),
            Directory(layout.secrets, mode: FilePermissions(rawValue: 0o700)), Directory(layout.state, mode: open),
            Directory(layout.releases, mode: open), Directory(layout.runtimes, mode: open),
            Directory(layout.data, mode: shared), Directory(layout.logs, mode: shared),
            Directory(layout.run, mode: open), Directory(layout.nginx, mode: open),
        ]
        if ownsNginx { directories.append(Directory(layout.nginxScratch, mode: shared)) }
        return DirectoryStep(directories)
    }
}

extension FilePermissions {
    /// As chmod(1) takes it: `0755`.
    var octal: String {
        let digits = String(rawValue, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
