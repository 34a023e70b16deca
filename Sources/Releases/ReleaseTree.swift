import CoreTypes
import Host
import SystemPackage

/// What a release is made of: every entry below a directory, in the order of the digest.
struct ReleaseTree {
    struct Entry {
        /// Relative, with `/` between names.
        let path: String
        let content: Content
    }

    enum Content {
        case directory
        case file(isExecutable: Bool, size: UInt64)
        case link(target: String)
    }

    let root: FilePath
    let entries: [Entry]

    /// Refuses what cannot be part of an immutable release: devices, sockets, links that lead out of it.
    init(at root: FilePath, on files: any FileSystem) throws {
        self.root = root
        guard try files.status(root)?.kind == .directory else {
            throw OperatorError(doing: "read the release \(root)", because: "it is no directory", exit: .usage)
        }
        var entries: [Entry] = []
        var waiting: [String] = [""]
        while let folder = waiting.popLast() {
            for name in try files.list(root.appending(folder)) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                let content = try Self.content(of: path, below: root, on: files)
                if case .directory = content { waiting.append(path) }
                entries.append(Entry(path: path, content: content))
            }
        }
        // By bytes: the same on every machine, whatever its language.
        self.entries = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    static let directoryMode: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]

    /// Copies it to a new directory; read-only for everybody, unless it is a copy to work in.
    func copy(to target: FilePath, on files: any FileSystem, isWritable: Bool = false) throws {
        try files.createDirectory(target, mode: Self.directoryMode, owner: nil)
        for entry in entries {
            let path = target.appending(entry.path)
            switch entry.content {
            case .directory: try files.createDirectory(path, mode: Self.directoryMode, owner: nil)
            case .link(let target): try files.createLink(path, to: target)
            case .file(let isExecutable, _):
                let mode: CInterop.Mode = (isExecutable ? 0o555 : 0o444) | (isWritable ? 0o200 : 0)
                try files.copy(root.appending(entry.path), to: path, mode: FilePermissions(rawValue: mode))
            }
        }
    }

    /// SHA-256 over kind, path and content of every entry, each with its length.
    func digest(on files: any FileSystem) throws -> ReleaseID {
        let sum = SHA256()
        sum.update("bedplate release 1\n")
        for entry in entries {
            func begin(_ kind: String, size: UInt64) {
                sum.update(kind)
                sum.update(UInt64(entry.path.utf8.count))
                sum.update(entry.path)
                sum.update(size)
            }
            switch entry.content {
            case .directory: begin("d", size: 0)
            case .link(let target):
                begin("l", size: UInt64(target.utf8.count))
                sum.update(target)
            case .file(let isExecutable, let size):
                begin(isExecutable ? "x" : "f", size: size)
                try files.readChunks(of: root.appending(entry.path)) { sum.update($0) }
            }
        }
        return try ReleaseID(sum.finish())
    }

    private static func content(of path: String, below root: FilePath, on files: any FileSystem) throws -> Content {
        let full = root.appending(path)
        func refused(_ because: String) -> OperatorError {
            OperatorError(doing: "take \(root) as a release", because: "\(path) \(because)", exit: .usage)
        }
        guard let status = try files.status(full) else { throw refused("went away while it was read") }
        switch status.kind {
        case .directory: return .directory
        case .file:
            return .file(isExecutable: status.mode.contains(.ownerExecute), size: UInt64(status.size))
        case .link:
            let target = try files.linkTarget(full)
            let folder = FilePath(path).removingLastComponent()
            guard !target.hasPrefix("/"), Self.stays(folder.pushing(FilePath(target))) else {
                throw refused("is a link to \(target), outside the release")
            }
            return .link(target: target)
        case .other: throw refused("is neither a file nor a directory nor a link")
        }
    }

    /// Whether a relative path never climbs above where it begins.
    private static func stays(_ path: FilePath) -> Bool {
        var depth = 0
        for component in path.components {
            switch component.kind {
            case .parentDirectory: depth -= 1
            case .regular: depth += 1
            case .currentDirectory: break
            }
            if depth < 0 { return false }
        }
        return true
    }
}
