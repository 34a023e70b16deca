import Glibc
package import Host
package import SystemPackage

/// What writes: each call is on the disk when it returns.
extension LinuxFiles {
    package func replace(_ path: FilePath, with bytes: [UInt8], mode: FilePermissions, owner: Owner?) throws {
        try replacing(path, mode: mode, owner: owner) { descriptor in
            try bytes.withUnsafeBytes { try write($0, to: descriptor, path) }
        }
    }

    package func copy(_ from: FilePath, to: FilePath, mode: FilePermissions) throws {
        try replacing(to, mode: mode, owner: nil) { descriptor in
            try readChunks(of: from) { try write($0, to: descriptor, to) }
        }
    }

    package func append(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions) throws {
        let isNew = try status(path) == nil
        try withDescriptor(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, mode: mode.rawValue) { descriptor in
            let length = try call("lseek", path) { lseek(descriptor, 0, SEEK_END) }
            do {
                try bytes.withUnsafeBytes { try write($0, to: descriptor, path) }
                try call("fsync", path) { fsync(descriptor) }
            } catch {
                // Half a line would become one with the next: a full disk takes the first part of a write, and no more.
                try call("ftruncate", path) { ftruncate(descriptor, length) }
                throw error
            }
        }
        if isNew { try syncDirectory(of: path) }
    }

    /// Writes beside the file, with its final mode and owner before the first byte, and renames over it. Who writes one
    /// file from two programs at once needs a lock: of two writers one may fail.
    private func replacing(
        _ path: FilePath, mode: FilePermissions, owner: Owner?, _ fill: (Int32) throws -> Void
    ) throws {
        let beside = path.unfinished
        // What a writer left that was killed.
        if unlink(beside.string) < 0, errno != ENOENT {
            throw HostError.failed(call: "unlink", path: beside, errno: Errno(rawValue: errno))
        }
        do {
            try withDescriptor(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) { descriptor in
                if let owner { try call("fchown", path) { fchown(descriptor, owner.user, owner.group) } }
                try call("fchmod", path) { fchmod(descriptor, mode.rawValue) }
                try fill(descriptor)
                try call("fsync", path) { fsync(descriptor) }
            }
            try call("rename", path) { Glibc.rename(beside.string, path.string) }
        } catch {
            // When this fails too, the next writer takes it away.
            unlink(beside.string)
            throw error
        }
        try syncDirectory(of: path)
    }

    /// Makes a name in a directory durable.
    func syncDirectory(of path: FilePath) throws {
        let parent = path.removingLastComponent()
        try withDescriptor(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY) { descriptor in
            _ = try call("fsync", parent) { fsync(descriptor) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: FilePath) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = try call("write", path) { Glibc.write(descriptor, part.baseAddress, part.count) }
            rest = rest.dropFirst(count)
        }
    }
}
