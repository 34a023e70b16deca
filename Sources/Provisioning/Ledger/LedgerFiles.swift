import Host
import SystemPackage

struct LedgerFiles: FileSystem {
    let real: any FileSystem
    let book: Ledger

    func replace(_ path: FilePath, with bytes: [UInt8], mode: FilePermissions, owner: Owner?) throws {
        try book.note(path)
        try real.replace(path, with: bytes, mode: mode, owner: owner)
    }

    func createDirectory(_ path: FilePath, mode: FilePermissions, owner: Owner?) throws {
        try book.note(path)
        try real.createDirectory(path, mode: mode, owner: owner)
    }

    func setMode(_ path: FilePath, _ mode: FilePermissions) throws {
        try book.note(path)
        try real.setMode(path, mode)
    }

    func setOwner(_ path: FilePath, _ owner: Owner) throws {
        try book.note(path)
        try real.setOwner(path, owner)
    }

    /// What is below is handed over with it: an uninstall takes it away, or keeps it as it is.
    func handOver(_ path: FilePath, from former: FormerOwner, to owner: Owner) throws {
        try book.note(path)
        try real.handOver(path, from: former, to: owner)
    }

    func rename(_ from: FilePath, to: FilePath) throws {
        try book.note(from)
        try book.note(to)
        try real.rename(from, to: to)
    }

    func remove(_ path: FilePath) throws {
        try book.note(path)
        try real.remove(path)
    }

    /// Only what is ours is ever removed as a tree; a stranger's is refused, as it could not be brought back.
    func removeTree(_ path: FilePath) throws {
        try book.note(path)
        guard try book.journal.isOwn(path) || real.status(path) == nil else {
            throw HostError.failed(call: "remove", path: path, errno: .notPermitted)
        }
        try real.removeTree(path)
    }

    func append(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions) throws {
        try book.note(path)
        try real.append(bytes, to: path, mode: mode)
    }

    func createLink(_ path: FilePath, to target: String) throws {
        try book.note(path)
        try real.createLink(path, to: target)
    }

    func copy(_ from: FilePath, to: FilePath, mode: FilePermissions) throws {
        try book.note(to)
        try real.copy(from, to: to, mode: mode)
    }

    func read(_ path: FilePath, limit: Int) throws -> [UInt8] { try real.read(path, limit: limit) }
    func readIfPresent(_ path: FilePath, limit: Int) throws -> [UInt8]? { try real.readIfPresent(path, limit: limit) }
    func status(_ path: FilePath) throws -> FileStatus? { try real.status(path) }
    func list(_ path: FilePath) throws -> [String] { try real.list(path) }
    func readChunks(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try real.readChunks(of: path, body)
    }
    func linkTarget(_ path: FilePath) throws -> String { try real.linkTarget(path) }
    func lock(_ path: FilePath) throws -> any FileLock { try real.lock(path) }
}
