import CArchive
import Glibc

/// One entry's header: what it is, what it is called.
struct ArchiveEntry {
    enum Kind {
        case file(executable: Bool)
        case directory
        case link
        case special
    }

    private let entry: OpaquePointer

    init(_ entry: OpaquePointer) { self.entry = entry }

    var kind: Kind {
        if archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil { return .link }
        return switch archive_entry_filetype(entry) {
        case S_IFREG: .file(executable: archive_entry_perm(entry) & 0o100 != 0)
        case S_IFDIR: .directory
        case S_IFLNK: .link
        default: .special
        }
    }

    var isEncrypted: Bool {
        archive_entry_is_data_encrypted(entry) != 0 || archive_entry_is_metadata_encrypted(entry) != 0
    }

    /// The name as text for an error; the validated one is `name()`.
    var rawName: String { archive_entry_pathname(entry).map { String(cString: $0) } ?? "" }

    func name() throws(ArchiveError) -> EntryName {
        guard let bytes = archive_entry_pathname(entry) else { return try EntryName(nil) }
        let count = strlen(bytes)
        return try bytes.withMemoryRebound(to: UInt8.self, capacity: count) { start throws(ArchiveError) in
            try EntryName(UnsafeBufferPointer(start: start, count: count))
        }
    }
}
