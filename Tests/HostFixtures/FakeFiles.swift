package import Host
import Synchronization
package import SystemPackage

/// A file system in memory, with the errors of the real one.
package final class FakeFiles: FileSystem {
    private struct Node {
        var kind: FileStatus.Kind
        var mode: FilePermissions
        var owner = Owner(user: 0, group: 0)
        /// The target, for a link.
        var content: [UInt8] = []
    }

    private let faults: Faults
    private let nodes = Mutex<[String: Node]>([
        "/": Node(kind: .directory, mode: .directoryDefault)
    ])
    private let locks = Mutex<[FilePath: Int32]>([:])

    init(faults: Faults) { self.faults = faults }

    /// Every path and its content, for comparing two machines.
    package var snapshot: [String: String] {
        nodes.withLock { nodes in
            var all: [String: String] = [:]
            for (path, node) in nodes {
                let mode = String(node.mode.rawValue, radix: 8)
                all[path] = "\(node.kind) \(mode) \(String(decoding: node.content, as: UTF8.self))"
            }
            return all
        }
    }

    /// As if another process held the lock.
    package func hold(_ path: FilePath, by pid: Int32) { locks.withLock { $0[path] = pid } }

    package func letGo(_ path: FilePath) { locks.withLock { $0[path] = nil } }

    /// A crash gives back every lock.
    package func letGoOfAll() { locks.withLock { $0 = [:] } }

    /// Writes a file with its missing directories, whatever the faults say.
    package func plant(_ path: FilePath, _ text: String, mode: FilePermissions = .fileDefault) {
        nodes.withLock { nodes in
            Self.plantParents(of: path, in: &nodes)
            nodes[path.string] = Node(kind: .file, mode: mode, content: Array(text.utf8))
        }
    }

    /// The files and directories among what a command or a package leaves behind.
    func leave(_ traces: [Trace]) {
        for trace in traces {
            switch trace {
            case .file(let path): if text(FilePath(path)) == nil { plant(FilePath(path), "") }
            case .directory(let path): plantDirectory(FilePath(path))
            case .unit, .account: break
            }
        }
    }

    /// A socket, which nobody reads.
    package func plantSocket(_ path: FilePath, owner: Owner) {
        nodes.withLock { nodes in
            Self.plantParents(of: path, in: &nodes)
            nodes[path.string] = Node(kind: .other, mode: FilePermissions(rawValue: 0o660), owner: owner)
        }
    }

    package func plantDirectory(_ path: FilePath) {
        nodes.withLock { nodes in
            Self.plantParents(of: path, in: &nodes)
            nodes[path.string] = Node(kind: .directory, mode: .directoryDefault)
        }
    }

    private static func plantParents(of path: FilePath, in nodes: inout [String: Node]) {
        plantParents(of: path.string, in: &nodes)
    }

    private static func plantParents(of path: String, in nodes: inout [String: Node]) {
        let parent = parent(of: path)
        guard parent != path, nodes[parent] == nil else { return }
        plantParents(of: parent, in: &nodes)
        nodes[parent] = Node(kind: .directory, mode: .directoryDefault)
    }

    /// The text of a file; `nil` when there is none.
    package func text(_ path: FilePath) -> String? {
        nodes.withLock { nodes in
            nodes[path.string].flatMap { $0.kind == .file ? String(decoding: $0.content, as: UTF8.self) : nil }
        }
    }

    package func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
        try faults.read()
        return try nodes.withLock { nodes in
            var place = path
            while let link = nodes[place.string], link.kind == .link {
                place = place.removingLastComponent().pushing(FilePath(String(decoding: link.content, as: UTF8.self)))
            }
            guard let node = nodes[place.string] else { throw Self.failure("open", path, .noSuchFileOrDirectory) }
            guard node.kind == .file else { throw Self.failure("read", path, .isDirectory) }
            guard node.content.count <= limit else { throw HostError.tooLarge(path: path, limit: limit) }
            return node.content
        }
    }

    package func readIfPresent(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        do { return try read(path, limit: limit) } catch HostError.failed(_, _, .noSuchFileOrDirectory) { return nil }
    }

    package func readChunks(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try read(path, limit: .max).withUnsafeBytes { try body($0) }
    }

    package func status(_ path: FilePath) throws -> FileStatus? {
        try faults.read()
        return nodes.withLock { nodes in
            nodes[path.string].map {
                FileStatus(kind: $0.kind, mode: $0.mode, owner: $0.owner, size: Int64($0.content.count))
            }
        }
    }

    package func replace(_ path: FilePath, with bytes: [UInt8], mode: FilePermissions, owner: Owner?) throws {
        try write(path) { nodes in
            try Self.demandParent(of: path, in: nodes)
            guard nodes[path.string]?.kind != .directory else { throw Self.failure("rename", path, .isDirectory) }
            nodes[path.string] = Node(
                kind: .file, mode: mode, owner: owner ?? Owner(user: 0, group: 0), content: bytes)
        }
    }

    package func createDirectory(_ path: FilePath, mode: FilePermissions, owner: Owner?) throws {
        try write(path) { nodes in
            Self.plantParents(of: path, in: &nodes)
            if let found = nodes[path.string], found.kind != .directory {
                throw Self.failure("mkdir", path, .fileExists)
            }
            var node = nodes[path.string] ?? Node(kind: .directory, mode: mode)
            node.mode = mode
            node.owner = owner ?? node.owner
            nodes[path.string] = node
        }
    }

    package func setMode(_ path: FilePath, _ mode: FilePermissions) throws {
        try changeNode(path, "chmod") { $0.mode = mode }
    }

    package func setOwner(_ path: FilePath, _ owner: Owner) throws {
        try changeNode(path, "chown") { $0.owner = owner }
    }

    package func handOver(_ path: FilePath, from former: FormerOwner, to owner: Owner) throws {
        try change { nodes in
            for (place, node) in nodes where place == path.string || place.hasPrefix(path.string + "/") {
                if former.had(node.owner, before: owner) { nodes[place]?.owner = owner }
            }
        }
    }

    package func list(_ path: FilePath) throws -> [String] {
        try faults.read()
        return try nodes.withLock { nodes in
            guard nodes[path.string]?.kind == .directory else {
                throw Self.failure("opendir", path, .noSuchFileOrDirectory)
            }
            let prefix = path.string + "/"
            return nodes.keys.filter { $0.hasPrefix(prefix) && Self.parent(of: $0) == path.string }
                .map { String($0.dropFirst(prefix.count)) }.sorted()
        }
    }

    package func rename(_ from: FilePath, to: FilePath) throws {
        try change { nodes in
            guard let node = nodes[from.string] else { throw Self.failure("rename", from, .noSuchFileOrDirectory) }
            try Self.demandParent(of: to, in: nodes)
            if nodes[to.string]?.kind == .directory { throw Self.failure("rename", to, .directoryNotEmpty) }
            for (path, below) in nodes where path.hasPrefix(from.string + "/") {
                nodes[to.string + path.dropFirst(from.string.count)] = below
                nodes[path] = nil
            }
            nodes[to.string] = node
            nodes[from.string] = nil
        }
    }

    package func remove(_ path: FilePath) throws {
        try change { nodes in
            guard !nodes.keys.contains(where: { $0.hasPrefix(path.string + "/") }) else {
                throw Self.failure("rmdir", path, .directoryNotEmpty)
            }
            nodes[path.string] = nil
        }
    }

    package func removeTree(_ path: FilePath) throws {
        try change { nodes in nodes = nodes.filter { $0.key != path.string && !$0.key.hasPrefix(path.string + "/") } }
    }

    package func append(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions) throws {
        try write(path) { nodes in
            try Self.demandParent(of: path, in: nodes)
            nodes[path.string, default: Node(kind: .file, mode: mode)].content += bytes
        }
    }

    package func linkTarget(_ path: FilePath) throws -> String {
        try faults.read()
        return try nodes.withLock { nodes in
            guard let node = nodes[path.string], node.kind == .link else {
                throw Self.failure("readlink", path, .invalidArgument)
            }
            return String(decoding: node.content, as: UTF8.self)
        }
    }

    package func createLink(_ path: FilePath, to target: String) throws {
        try write(path) { nodes in
            try Self.demandParent(of: path, in: nodes)
            guard nodes[path.string] == nil else { throw Self.failure("symlink", path, .fileExists) }
            nodes[path.string] = Node(kind: .link, mode: .fileDefault, content: Array(target.utf8))
        }
    }

    package func copy(_ from: FilePath, to: FilePath, mode: FilePermissions) throws {
        try replace(to, with: read(from, limit: .max), mode: mode, owner: nil)
    }

    package func lock(_ path: FilePath) throws -> any FileLock {
        try faults.read()
        try locks.withLock { locks in
            if let holder = locks[path] { throw HostError.locked(path: path, holder: holder) }
            locks[path] = 1
        }
        return FakeLock { [self] in letGo(path) }
    }

    private func write(_ path: FilePath, _ body: (inout [String: Node]) throws -> Void) throws {
        try faults.write(path)
        try nodes.withLock { try body(&$0) }
    }

    private func change(_ body: (inout [String: Node]) throws -> Void) throws {
        try faults.change()
        try nodes.withLock { try body(&$0) }
    }

    private func changeNode(_ path: FilePath, _ call: String, _ body: (inout Node) -> Void) throws {
        try change { nodes in
            guard var node = nodes[path.string] else { throw Self.failure(call, path, .noSuchFileOrDirectory) }
            body(&node)
            nodes[path.string] = node
        }
    }

    private static func demandParent(of path: FilePath, in nodes: [String: Node]) throws {
        guard nodes[parent(of: path.string)]?.kind == .directory else {
            throw failure("open", path, .noSuchFileOrDirectory)
        }
    }

    /// A path's text up to its last name: `FilePath` knows more and is slower, and these tests run thousands of moves.
    private static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func failure(_ call: String, _ path: FilePath, _ errno: Errno) -> HostError {
        .failed(call: call, path: path, errno: errno)
    }
}

private struct FakeLock: FileLock {
    let letGo: @Sendable () -> Void

    func release() { letGo() }
}

extension FilePermissions {
    /// rw-r--r--
    package static let fileDefault = FilePermissions(rawValue: 0o644)
    /// rwxr-xr-x
    package static let directoryDefault = FilePermissions(rawValue: 0o755)
}
