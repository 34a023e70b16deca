import Glibc
package import Host
package import SystemPackage

/// Files of this machine.
package struct LinuxFiles: FileSystem {
    package init() {}

    package func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
        var content: [UInt8] = []
        try readChunks(of: path) { chunk in
            guard content.count + chunk.count <= limit else { throw HostError.tooLarge(path: path, limit: limit) }
            content.append(contentsOf: chunk)
        }
        return content
    }

    package func readIfPresent(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        do { return try read(path, limit: limit) } catch let error as HostError where error.isAbsence { return nil }
    }

    package func readChunks(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withDescriptor(path, O_RDONLY) { descriptor in
            try withUnsafeTemporaryAllocation(byteCount: 256 * 1024, alignment: 16) { buffer in
                while true {
                    let count = try call("read", path) { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
                    guard count > 0 else { return }
                    try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
            }
        }
    }

    package func read(_ path: FilePath, from offset: Int64, limit: Int) throws -> [UInt8] {
        try withDescriptor(path, O_RDONLY) { descriptor in
            var bytes = [UInt8](repeating: 0, count: limit)
            var count = 0
            while count < limit {
                let read = try call("read", path) {
                    bytes.withUnsafeMutableBytes {
                        pread(descriptor, $0.baseAddress! + count, limit - count, off_t(offset) + count)
                    }
                }
                guard read > 0 else { break }
                count += read
            }
            return Array(bytes[..<count])
        }
    }

    package func status(_ path: FilePath) throws -> FileStatus? {
        var found = stat()
        do { try call("lstat", path) { lstat(path.string, &found) } } catch let error as HostError
            where error.isAbsence
        { return nil }
        return FileStatus(
            kind: FileStatus.Kind(found.st_mode), mode: FilePermissions(rawValue: found.st_mode & 0o7777),
            owner: Owner(user: found.st_uid, group: found.st_gid), size: Int64(found.st_size))
    }

    package func createDirectory(_ path: FilePath, mode: FilePermissions, owner: Owner?) throws {
        try makeParents(of: path)
        if try !makeDirectory(path, mode: mode) {
            guard try status(path)?.kind == .directory else {
                throw HostError.failed(call: "mkdir", path: path, errno: .fileExists)
            }
        }
        // The umask may have taken bits away, and an existing directory has a mode of its own.
        try setMode(path, mode)
        if let owner { try setOwner(path, owner) }
    }

    package func setMode(_ path: FilePath, _ mode: FilePermissions) throws {
        try call("chmod", path) { chmod(path.string, mode.rawValue) }
    }

    package func setOwner(_ path: FilePath, _ owner: Owner) throws {
        try call("chown", path) { lchown(path.string, owner.user, owner.group) }
    }

    package func list(_ path: FilePath) throws -> [String] {
        try withDescriptor(path, O_RDONLY | O_DIRECTORY) { descriptor in try entries(of: descriptor, at: path) }
            .sorted()
    }

    package func rename(_ from: FilePath, to: FilePath) throws {
        try call("rename", from) { Glibc.rename(from.string, to.string) }
        try syncDirectory(of: to)
        if from.removingLastComponent() != to.removingLastComponent() { try syncDirectory(of: from) }
    }

    package func linkTarget(_ path: FilePath) throws -> String {
        try withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            let count = try call("readlink", path) { readlink(path.string, buffer.baseAddress!, buffer.count) }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    package func createLink(_ path: FilePath, to target: String) throws {
        try call("symlink", path) { symlink(target, path.string) }
    }

    /// False when something is there already.
    private func makeDirectory(_ path: FilePath, mode: FilePermissions) throws -> Bool {
        do { try call("mkdir", path) { mkdir(path.string, mode.rawValue) } } catch HostError.failed(_, _, .fileExists) {
            return false
        }
        return true
    }

    private func makeParents(of path: FilePath) throws {
        let parent = path.removingLastComponent()
        guard !parent.isEmpty, parent != path, try status(parent) == nil else { return }
        try makeParents(of: parent)
        _ = try makeDirectory(parent, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
    }
}

extension FileStatus.Kind {
    init(_ mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .link
        default: self = .other
        }
    }
}

/// Names in an open directory, without `.` and `..`, in no order.
func entries(of descriptor: Int32, at path: FilePath) throws -> [String] {
    // fdopendir takes the descriptor over, so it gets one of its own.
    let own = try call("dup", path) { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
    guard let directory = fdopendir(own) else {
        let error = Errno(rawValue: errno)
        close(own)
        throw HostError.failed(call: "opendir", path: path, errno: error)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(directory) else {
            guard errno == 0 else {
                throw HostError.failed(call: "readdir", path: path, errno: Errno(rawValue: errno))
            }
            return names
        }
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
}
