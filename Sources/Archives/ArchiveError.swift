import CoreTypes

/// Why an archive was not unpacked; nothing of it is left on disk then.
package enum ArchiveError: Error, Equatable, Sendable {
    case empty
    case noFiles
    case notAnArchive(expected: [ArchiveFormat])
    case corrupt(because: String)
    case encrypted(name: String)
    case absoluteName(String)
    case escapes(name: String)
    case badName(String, because: BadName)
    case link(name: String)
    case specialFile(name: String)
    case duplicate(name: String)
    case tooManyFiles(limit: Int)
    case tooLarge(limit: Int64)
    case ratio(limit: Int)
    case diskFull
    case cancelled
    case folderInUse(String)
    case unreadable(String, errno: Int32)
    case unwritable(String, errno: Int32)

    /// What is wrong with a name that is neither absolute nor leads out of the folder.
    package enum BadName: String, Sendable {
        case empty = "it is empty"
        case backslash = "it contains a backslash"
        case drive = "it begins with a drive letter"
        case control = "it contains a control character"
        case notUTF8 = "it is not UTF-8"
        case tooLong = "it is too long"
        case tooDeep = "it is nested too deeply"
    }
}

extension ArchiveError {
    /// Whether the disk or the folders are to blame and another try may help.
    package var isOfMachine: Bool {
        switch self {
        case .diskFull, .folderInUse, .unreadable, .unwritable, .cancelled: true
        case .empty, .noFiles, .notAnArchive, .corrupt, .encrypted, .absoluteName, .escapes, .badName, .link,
            .specialFile, .duplicate, .tooManyFiles, .tooLarge, .ratio:
            false
        }
    }
}
