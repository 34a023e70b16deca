import Glibc
import SystemPackage

/// Visits the regular files under a folder in the order of their names, without ever following a link.
struct FolderWalk {
    private static let deepest = 128

    let visit: (_ file: CInt, _ path: String) throws -> Void
    let skip: (SkipReason) -> Void

    func walk(_ folder: FilePath) throws {
        let root = open(folder.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw ScanError.unreadable(folder: folder.string, errno: errno) }
        defer { close(root) }
        guard let names = names(in: root) else {
            throw ScanError.unreadable(folder: folder.string, errno: errno)
        }
        try walk(names, of: root, path: "", depth: 0)
    }

    private func walk(_ names: [[CChar]], of directory: CInt, path: String, depth: Int) throws {
        for name in names {
            // The bytes as they are: a name that is not UTF-8 must still open.
            var status = stat()
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                skip(.unreadable)
                continue
            }
            let inside = path + String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            switch status.st_mode & S_IFMT {
            case S_IFLNK: skip(.link)
            case S_IFREG: try visitFile(name, of: directory, path: inside)
            case S_IFDIR: try descend(name, of: directory, path: inside + "/", depth: depth + 1)
            default: skip(.special)
            }
        }
    }

    private func visitFile(_ name: [CChar], of directory: CInt, path: String) throws {
        // Should it have become a pipe since, opening it must not wait for a writer.
        let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return skip(.unreadable) }
        defer { close(file) }
        try visit(file, path)
    }

    private func descend(_ name: [CChar], of directory: CInt, path: String, depth: Int) throws {
        guard depth <= Self.deepest else { return skip(.tooDeep) }
        let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { return skip(.unreadable) }
        defer { close(child) }
        guard let names = names(in: child) else { return skip(.unreadable) }
        try walk(names, of: child, path: path, depth: depth)
    }

    /// NUL-terminated and sorted by their bytes, or `nil` if the directory cannot be listed.
    private func names(in directory: CInt) -> [[CChar]]? {
        let again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard again >= 0, let stream = fdopendir(again) else { return nil }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [0x2E, 0], name != [0x2E, 0x2E, 0] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
