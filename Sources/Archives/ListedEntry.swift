import CArchive
import Glibc

/// What an archive says about one of its entries. Nothing of it is checked.
package struct ListedEntry: Sendable {
    package enum Kind: Sendable, Equatable {
        case file, directory
        case symbolicLink(to: String)
        case hardLink(to: String)
        /// A device, pipe or socket.
        case special
    }

    /// Empty where it cannot be read at all.
    package let name: String
    package let kind: Kind
    /// The permissions with setuid, setgid and sticky: the lower 12 bits.
    package let mode: UInt32
    package let owner: Int64
    package let group: Int64
    package let size: Int64

    init(_ entry: OpaquePointer) {
        name = Self.text(archive_entry_pathname(entry))
        mode = UInt32(archive_entry_perm(entry)) & 0o7777
        owner = archive_entry_uid(entry)
        group = archive_entry_gid(entry)
        size = archive_entry_size(entry)
        if let target = archive_entry_hardlink(entry) {
            kind = .hardLink(to: Self.text(target))
        } else {
            kind =
                switch archive_entry_filetype(entry) {
                case S_IFREG: .file
                case S_IFDIR: .directory
                case S_IFLNK: .symbolicLink(to: Self.text(archive_entry_symlink(entry)))
                default: .special
                }
        }
    }

    private static func text(_ bytes: UnsafePointer<CChar>?) -> String { bytes.map { String(cString: $0) } ?? "" }
}
