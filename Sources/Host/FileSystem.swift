package import SystemPackage

/// Files as we use them: whole reads, atomic whole writes, final modes from the first moment.
///
/// Every call throws `HostError` with the path, the call and the errno.
package protocol FileSystem: Sendable {
    /// The whole file; refuses one larger than `limit` bytes.
    func read(_ path: FilePath, limit: Int) throws -> [UInt8]
    /// `nil` when it does not exist; unreadable is an error.
    func readIfPresent(_ path: FilePath, limit: Int) throws -> [UInt8]?
    /// Without following a link; `nil` when nothing is there.
    func status(_ path: FilePath) throws -> FileStatus?
    /// Replaces the whole file: write beside it with its final mode and owner, fsync, rename, fsync the directory.
    func replace(_ path: FilePath, with bytes: [UInt8], mode: FilePermissions, owner: Owner?) throws
    /// Makes the directory and its missing parents (those 0755); an existing one gets this mode and owner.
    func createDirectory(_ path: FilePath, mode: FilePermissions, owner: Owner?) throws
    func setMode(_ path: FilePath, _ mode: FilePermissions) throws
    func setOwner(_ path: FilePath, _ owner: Owner) throws
    /// Gives a directory with all below it to an owner, as far as it was theirs: what is below first, and no link is
    /// followed.
    func handOver(_ path: FilePath, from former: FormerOwner, to owner: Owner) throws
    /// Names in a directory, sorted, without `.` and `..`.
    func list(_ path: FilePath) throws -> [String]
    func rename(_ from: FilePath, to: FilePath) throws
    /// Removes a file, a link or an empty directory; absent is fine.
    func remove(_ path: FilePath) throws
    /// Removes a directory with all below it, following no link; absent is fine.
    func removeTree(_ path: FilePath) throws
    /// Hands the content of a regular file to `body`, chunk by chunk.
    func readChunks(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
    /// What a regular file has from an offset on, at most `limit` bytes.
    func read(_ path: FilePath, from offset: Int64, limit: Int) throws -> [UInt8]
    /// Adds to the end of a file, which it makes with this mode when absent, and fsyncs it: all of the bytes or none.
    func append(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions) throws
    /// What a symbolic link says, unresolved.
    func linkTarget(_ path: FilePath) throws -> String
    func createLink(_ path: FilePath, to target: String) throws
    /// Copies a regular file, replacing the target atomically.
    func copy(_ from: FilePath, to: FilePath, mode: FilePermissions) throws
    /// Takes an exclusive lock (flock) on a file it creates with mode 0600, without waiting.
    /// A held lock throws `HostError.locked` with the holder's pid where known.
    func lock(_ path: FilePath) throws -> any FileLock
}

extension FileSystem {
    package func read(_ path: FilePath, from offset: Int64, limit: Int) throws -> [UInt8] {
        let wanted = offset..<offset + Int64(limit)
        var position: Int64 = 0
        var bytes: [UInt8] = []
        try readChunks(of: path) { chunk in
            let part = wanted.clamped(to: position..<position + Int64(chunk.count))
            bytes += chunk[Int(part.lowerBound - position)..<Int(part.upperBound - position)]
            position += Int64(chunk.count)
        }
        return bytes
    }
}

/// A held lock; released by `release` or when the process ends.
package protocol FileLock: Sendable {
    func release()
}

/// User and group by number.
package struct Owner: Hashable, Sendable {
    package let user: UInt32
    package let group: UInt32

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}

/// The numbers that an owner had before.
package struct FormerOwner: Hashable, Sendable {
    package var users: Set<UInt32>
    /// Of what belongs to the user that it is now; another user's may have this group for a reason.
    package var groups: Set<UInt32>

    package init(users: Set<UInt32> = [], groups: Set<UInt32> = []) {
        self.users = users
        self.groups = groups
    }

    package func had(_ found: Owner, before now: Owner) -> Bool {
        users.contains(found.user) || found.user == now.user && groups.contains(found.group)
    }
}

/// What lstat(2) says.
package struct FileStatus: Hashable, Sendable {
    package let kind: Kind
    package let mode: FilePermissions
    package let owner: Owner
    package let size: Int64

    package init(kind: Kind, mode: FilePermissions, owner: Owner, size: Int64) {
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.size = size
    }

    package enum Kind: Sendable { case file, directory, link, other }
}
