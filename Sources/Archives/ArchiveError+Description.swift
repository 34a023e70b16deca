import CoreTypes
import SystemPackage

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the archive is empty: it has 0 bytes"
        case .noFiles: "the archive contains no files"
        case .notAnArchive(let expected):
            "the file is not a \(expected.map(\.rawValue).joined(separator: " or ")) archive"
        case .corrupt(let reason): "the archive is damaged: \(reason)"
        case .encrypted(let name): "the archive is encrypted: '\(printable(name))' needs a password"
        case .absoluteName(let name): "the archive names an absolute path: '\(printable(name))'"
        case .escapes(let name): "the archive names a path outside of its folder: '\(printable(name))'"
        case .badName(let name, let reason):
            "the archive has a name we refuse, \(reason.rawValue): '\(printable(name))'"
        case .link(let name): "the archive contains a link, and links are refused: '\(printable(name))'"
        case .specialFile(let name):
            "the archive contains a device, pipe or socket, and these are refused: '\(printable(name))'"
        case .duplicate(let name): "the archive names the same path twice: '\(printable(name))'"
        case .tooManyFiles(let limit): "the archive contains more than \(limit) files and directories"
        case .tooLarge(let limit): "the archive unpacks to more than \(ByteCount(bytes: limit))"
        case .ratio(let limit): "the archive unpacks to more than \(limit) times its size"
        case .diskFull: "the disk is full"
        case .cancelled: "unpacking was cancelled"
        case .folderInUse(let folder): "the folder to unpack into is not empty: \(folder)"
        case .unreadable(let path, let errno): "\(path) cannot be read: \(Errno(rawValue: errno))"
        case .unwritable(let name, let errno): "'\(printable(name))' cannot be written: \(Errno(rawValue: errno))"
        }
    }
}

/// A stranger's name, fit for a log line and a terminal: no control characters, and not longer than needed.
private func printable(_ name: String) -> String {
    let limit = 200
    let scalars = name.unicodeScalars.prefix(limit).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: Unicode.Scalar("?")
        default: scalar
        }
    }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text) + (name.unicodeScalars.count > limit ? "…" : "")
}
