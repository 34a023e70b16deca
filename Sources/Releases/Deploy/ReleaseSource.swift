import Archives
import CoreTypes
import Host
import SystemPackage

/// What an operator hands over as a release.
enum ReleaseSource: Equatable {
    case directory
    case archive(ArchiveFormat)
    /// A Python package, which becomes a release of this one file.
    case wheel

    private static let endings: [(String, Self)] = [
        (".tar.gz", .archive(.tarGzip)), (".tgz", .archive(.tarGzip)), (".tar.zst", .archive(.tarZstd)),
        (".zip", .archive(.zip)), (".whl", .wheel),
    ]

    init(_ path: FilePath, on files: any FileSystem) throws {
        switch try files.status(path)?.kind {
        case .directory?: self = .directory
        case .file?:
            guard let known = Self.endings.first(where: { path.string.hasSuffix($0.0) }) else {
                throw Self.refusal("\(path) is no archive that we know")
            }
            self = known.1
        case .link?: throw Self.refusal("\(path) is a link; name what it leads to")
        case .other?: throw Self.refusal("\(path) is neither a file nor a directory")
        case nil: throw Self.refusal("there is no \(path)")
        }
    }

    private static func refusal(_ because: String) -> OperatorError {
        OperatorError(
            doing: "deploy", because: because,
            next: "name a directory, a .tar.gz, .tar.zst or .zip archive, or a wheel (.whl)", exit: .usage)
    }
}

extension ReleaseStore {
    /// How much a release may unpack to: an application with its static pages, not a disk image.
    private static let limits = UnpackLimits(maximumBytes: 8 << 30, maximumFiles: 500_000, maximumRatio: 200)

    /// Takes whatever an operator hands over into the store.
    func take(_ path: FilePath) throws -> ReleaseID {
        let files = host.files
        switch try ReleaseSource(path, on: files) {
        case .directory: return try adopt(path)
        case .wheel:
            let folder = try staging("wheel")
            defer { discard(folder) }
            try files.createDirectory(folder, mode: ReleaseTree.directoryMode, owner: nil)
            let name = path.lastComponent?.string ?? "release.whl"
            try files.copy(path, to: folder.appending(name), mode: [.ownerRead, .groupRead, .otherRead])
            return try adopt(folder)
        case .archive(let format):
            let folder = try staging("archive")
            defer { discard(folder) }
            _ = try unpackArchive(
                path, into: folder, limits: Self.limits, formats: [format], keepsExecutableBit: true,
                isCancelled: { false })
            return try adopt(try top(of: folder))
        }
    }

    /// Archives commonly hold one folder, and the release in it.
    private func top(of folder: FilePath) throws -> FilePath {
        let names = try host.files.list(folder)
        guard names.count == 1, let name = names.first,
            try host.files.status(folder.appending(name))?.kind == .directory
        else { return folder }
        return folder.appending(name)
    }

    /// What cannot be removed now is swept before the next one is unpacked.
    private func discard(_ folder: FilePath) { try? host.files.removeTree(folder) }
}
