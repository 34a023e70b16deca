import Host
import Synchronization
import SystemPackage

/// Files over those of a real machine: what is written, moved and removed here happens in memory only.
final class ImaginedFiles: FileSystem {
    private struct Node {
        var status: FileStatus
        var content: Content
    }
    private enum Content {
        case bytes([UInt8])
        /// That of a real file, which may be large.
        case like(FilePath)
        case link(String)
        case none
    }
    private enum Entry {
        case made(Node)
        case gone
    }
    private let real: any FileSystem
    private let entries = Mutex<[FilePath: Entry]>([:])
    /// Folders whose real content is gone, as text: few, and looked through at every question.
    private let emptied = Mutex<[String]>([])

    init(over real: any FileSystem) { self.real = real }

    private func entry(_ path: FilePath) -> Entry? {
        entries.withLock { $0[path] } ?? (isBelowEmptied(path) ? .gone : nil)
    }

    private func isBelowEmptied(_ path: FilePath) -> Bool {
        emptied.withLock { emptied in emptied.contains { path.string.hasPrefix($0) } }
    }

    private func make(
        _ path: FilePath, _ kind: FileStatus.Kind, _ mode: FilePermissions, _ owner: Owner?, _ content: Content
    ) {
        let size: Int64 =
            switch content {
            case .bytes(let bytes): Int64(bytes.count)
            case .link(let target): Int64(target.utf8.count)
            case .like, .none: 0
            }
        let status = FileStatus(kind: kind, mode: mode, owner: owner ?? Owner(user: 0, group: 0), size: size)
        entries.withLock { $0[path] = .made(Node(status: status, content: content)) }
    }

    func status(_ path: FilePath) throws -> FileStatus? {
        switch entry(path) {
        case .made(let node):
            guard case .like(let source) = node.content, let found = try real.status(source) else { return node.status }
            return FileStatus(
                kind: node.status.kind, mode: node.status.mode, owner: node.status.owner, size: found.size)
        case .gone: return nil
        case nil: return try real.status(path)
        }
    }

    func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
        switch entry(path) {
        case .made(let node):
            switch node.content {
            case .bytes(let bytes):
                guard bytes.count <= limit else { throw HostError.tooLarge(path: path, limit: limit) }
                return bytes
            case .like(let source): return try real.read(source, limit: limit)
            case .link(let target):
                return try read(path.removingLastComponent().pushing(FilePath(target)), limit: limit)
            case .none: throw HostError.failed(call: "read", path: path, errno: .isDirectory)
            }
        case .gone: throw HostError.failed(call: "open", path: path, errno: .noSuchFileOrDirectory)
        case nil: return try real.read(path, limit: limit)
        }
    }

    func readIfPresent(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        guard try status(path) != nil else { return nil }
        return try read(path, limit: limit)
    }

    func readChunks(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch entry(path) {
        case .made(let node):
            if case .like(let source) = node.content { return try real.readChunks(of: source, body) }
            try read(path, limit: .max).withUnsafeBytes(body)
        case .gone: throw HostError.failed(call: "open", path: path, errno: .noSuchFileOrDirectory)
        case nil: try real.readChunks(of: path, body)
        }
    }

    func list(_ path: FilePath) throws -> [String] {
        guard try status(path)?.kind == .directory else {
            throw HostError.failed(call: "opendir", path: path, errno: .noSuchFileOrDirectory)
        }
        var names: Set<String> = []
        if !isBelowEmptied(path.appending("any")), try real.status(path)?.kind == .directory {
            names.formUnion(try real.list(path))
        }
        entries.withLock { entries in
            for (place, entry) in entries where place.removingLastComponent() == path {
                guard let name = place.lastComponent?.string else { continue }
                if case .made = entry { names.insert(name) } else { names.remove(name) }
            }
        }
        return names.sorted()
    }

    func replace(_ path: FilePath, with bytes: [UInt8], mode: FilePermissions, owner: Owner?) throws {
        make(path, .file, mode, owner, .bytes(bytes))
    }

    func append(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions) throws {
        let before = try status(path)
        let content = try readIfPresent(path, limit: .max) ?? []
        make(path, .file, before?.mode ?? mode, before?.owner, .bytes(content + bytes))
    }

    func copy(_ from: FilePath, to: FilePath, mode: FilePermissions) throws {
        switch entry(from) {
        case .made(let node): make(to, .file, mode, nil, node.content)
        case .gone: throw HostError.failed(call: "open", path: from, errno: .noSuchFileOrDirectory)
        case nil: make(to, .file, mode, nil, .like(from))
        }
    }

    func createDirectory(_ path: FilePath, mode: FilePermissions, owner: Owner?) throws {
        var above = path.removingLastComponent()
        while !above.components.isEmpty, try status(above) == nil {
            make(above, .directory, FilePermissions(rawValue: 0o755), nil, .none)
            above.removeLastComponent()
        }
        guard let found = try status(path) else { return make(path, .directory, mode, owner, .none) }
        guard found.kind == .directory else { throw HostError.failed(call: "mkdir", path: path, errno: .fileExists) }
        make(path, .directory, mode, owner ?? found.owner, .none)
    }

    /// As far down as anybody looks.
    func handOver(_ path: FilePath, from former: FormerOwner, to owner: Owner) throws {
        for place in try list(path).map(path.appending) + [path] {
            if let found = try status(place), former.had(found.owner, before: owner) { try setOwner(place, owner) }
        }
    }

    func createLink(_ path: FilePath, to target: String) throws {
        make(path, .link, FilePermissions(rawValue: 0o777), nil, .link(target))
    }

    func linkTarget(_ path: FilePath) throws -> String {
        guard case .made(let node) = entry(path) else { return try real.linkTarget(path) }
        guard case .link(let target) = node.content else {
            throw HostError.failed(call: "readlink", path: path, errno: .invalidArgument)
        }
        return target
    }

    func setMode(_ path: FilePath, _ mode: FilePermissions) throws {
        try restate(path) { FileStatus(kind: $0.kind, mode: mode, owner: $0.owner, size: $0.size) }
    }

    func setOwner(_ path: FilePath, _ owner: Owner) throws {
        try restate(path) { FileStatus(kind: $0.kind, mode: $0.mode, owner: owner, size: $0.size) }
    }

    private func restate(_ path: FilePath, _ change: (FileStatus) -> FileStatus) throws {
        guard let found = try status(path) else {
            throw HostError.failed(call: "chmod", path: path, errno: .noSuchFileOrDirectory)
        }
        let content: Content
        switch (entry(path), found.kind) {
        case (.made(let node), _): content = node.content
        case (_, .file): content = .like(path)
        case (_, .link): content = .link(try real.linkTarget(path))
        case (_, .directory), (_, .other): content = .none
        }
        entries.withLock { $0[path] = .made(Node(status: change(found), content: content)) }
    }

    func rename(_ from: FilePath, to: FilePath) throws {
        guard let found = try status(from) else {
            throw HostError.failed(call: "rename", path: from, errno: .noSuchFileOrDirectory)
        }
        if found.kind == .directory {
            for name in try list(from) { try rename(from.appending(name), to: to.appending(name)) }
        }
        try restate(from) { $0 }
        entries.withLock { entries in
            entries[to] = entries[from]
            entries[from] = .gone
        }
    }

    func remove(_ path: FilePath) throws { entries.withLock { $0[path] = .gone } }

    func removeTree(_ path: FilePath) throws {
        entries.withLock { entries in
            for place in entries.keys where place.starts(with: path) { entries[place] = nil }
            entries[path] = .gone
        }
        emptied.withLock { $0.append(path.string + "/") }
    }

    func lock(_ path: FilePath) throws -> any FileLock { Unneeded() }

    private struct Unneeded: FileLock {
        func release() {}
    }
}
