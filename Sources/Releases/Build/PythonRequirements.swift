import CoreTypes
import Host
import Profiles
import SystemPackage

/// What a release's Python environment is made of.
struct PythonRequirements {
    /// The file that pip is given: a list of requirements, or a wheel.
    let path: FilePath
    let kind: Kind
    /// Names the same set of packages, whatever release it came with.
    private let digest: String

    enum Kind {
        case list(areHashed: Bool)
        case wheel
    }

    private static let limit = 16 << 20

    /// `nil` when the release has none. `folder`: the release's.
    init?(of release: ReleaseID, at folder: FilePath, _ manifest: ReleaseManifest, on host: any Host) throws {
        if let name = try Self.wheel(at: folder, on: host) {
            path = folder.appending(name)
            kind = .wheel
            digest = release.description
            return
        }
        path = folder.appending(manifest.build.requirements)
        guard let bytes = try host.files.readIfPresent(path, limit: Self.limit) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.drop { $0.isWhitespace } }
        kind = .list(areHashed: lines.contains { $0.contains("--hash=") })
        // One that names other files of the release is not all there is to know of its packages.
        let pointsElsewhere = lines.contains { line in
            ["-r", "--requirement", "-c", "--constraint", "-e", "--editable", ".", "/", "file:"].contains {
                line.hasPrefix($0)
            } || line.contains("@ file:")
        }
        let sum = SHA256()
        sum.update(pointsElsewhere ? release.description : "")
        bytes.withUnsafeBytes { sum.update($0) }
        digest = sum.finish()
    }

    /// What an environment is named by: these packages for this interpreter. `python`: all it says of its version.
    func key(python: String) -> String {
        let sum = SHA256()
        sum.update("bedplate environment 1\n\(digest)\n\(python)")
        return sum.finish()
    }

    /// The arguments of `pip install`.
    var arguments: [String] {
        switch kind {
        case .list(areHashed: true): ["--require-hashes", "--requirement", path.string]
        case .list(areHashed: false): ["--requirement", path.string]
        case .wheel: [path.string]
        }
    }

    /// A release that is nothing but a wheel, as `ReleaseSource` makes it of one.
    private static func wheel(at folder: FilePath, on host: any Host) throws -> String? {
        let names = try host.files.list(folder)
        guard names.count == 1, let name = names.first, name.hasSuffix(".whl") else { return nil }
        return name
    }
}
