import Glibc
import SystemPackage

/// The folder being filled: every name is opened relative to its parent's descriptor and no link is ever followed,
/// so that nobody who changes the tree meanwhile can lead a write elsewhere.
struct FreshFolder: ~Copyable {
    private let path: String
    private let root: CInt
    private let isOurs: Bool
    /// The directories opened for the entry before this one; archives list a directory's files together.
    private var open: [(name: String, descriptor: CInt)] = []
    /// Files and directories made so far.
    private(set) var made = 0

    /// Creates the folder, or takes an existing one that is empty.
    init(_ folder: FilePath) throws(ArchiveError) {
        let path = folder.string
        let isOurs = mkdir(path, 0o700) == 0
        if !isOurs, errno != EEXIST { throw failure(writing: path) }
        let root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw failure(writing: path) }
        if !isOurs, !(entries(of: root)?.isEmpty ?? false) {
            close(root)
            throw .folderInUse(path)
        }
        self.path = path
        self.isOurs = isOurs
        self.root = root
    }

    deinit {
        for directory in open { close(directory.descriptor) }
        close(root)
    }

    /// Makes a directory and its parents; making it again is fine.
    mutating func makeDirectory(_ name: EntryName, limit: Int) throws(ArchiveError) {
        _ = try descend(name.components[...], of: name, limit: limit)
    }

    /// Creates a file that must not exist yet and returns its descriptor.
    mutating func makeFile(_ name: EntryName, mode: mode_t, limit: Int) throws(ArchiveError) -> CInt {
        let parent = try descend(name.components.dropLast(), of: name, limit: limit)
        try count(limit: limit)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = openat(parent, name.components[name.components.count - 1], flags, mode)
        guard file >= 0 else {
            if errno == EEXIST { throw .duplicate(name: name.text) }
            throw failure(writing: name.text)
        }
        return file
    }

    /// Removes what was written, and the folder too if it was not there before.
    consuming func discard() {
        removeEntries(of: root)
        if isOurs { rmdir(path) }
    }

    private mutating func descend(
        _ components: ArraySlice<String>, of name: EntryName, limit: Int
    ) throws(ArchiveError) -> CInt {
        let shared = zip(open, components).prefix { $0.name == $1 }.count
        while open.count > shared { close(open.removeLast().descriptor) }
        for component in components.dropFirst(shared) {
            let parent = open.last?.descriptor ?? root
            if mkdirat(parent, component, 0o700) == 0 {
                try count(limit: limit)
            } else if errno != EEXIST {
                throw failure(writing: name.text)
            }
            let directory = openat(parent, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard directory >= 0 else {
                // It is there and is no directory: an earlier entry made a file of that name.
                if errno == ENOTDIR || errno == ELOOP { throw .duplicate(name: name.text) }
                throw failure(writing: name.text)
            }
            open.append((component, directory))
        }
        return open.last?.descriptor ?? root
    }

    private mutating func count(limit: Int) throws(ArchiveError) {
        made += 1
        guard made <= limit else { throw .tooManyFiles(limit: limit) }
    }
}

/// The failed call's `errno` as an error about `name`.
func failure(writing name: String) -> ArchiveError {
    switch errno {
    case ENOSPC, EDQUOT: .diskFull
    case let code: .unwritable(name, errno: code)
    }
}

/// The names in a directory, or `nil` if it cannot be listed.
private func entries(of directory: CInt) -> [String]? {
    // fdopendir takes the descriptor over, and the offset is shared by duplicates: open it anew.
    let again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard again >= 0, let stream = fdopendir(again) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// Depth is bounded by `EntryName.maximumDepth`, so this recursion is too.
private func removeEntries(of directory: CInt) {
    for name in entries(of: directory) ?? [] where unlinkat(directory, name, 0) != 0 {
        let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { continue }
        removeEntries(of: child)
        close(child)
        unlinkat(directory, name, AT_REMOVEDIR)
    }
}
