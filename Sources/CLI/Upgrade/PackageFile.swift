import CoreTypes
import Host
import Provisioning
import SystemPackage

/// A package of ours that was read to its end, and what it says of itself.
struct PackageFile {
    static let name = "bedplate"
    private static let tool: FilePath = "/usr/bin/dpkg-deb"

    let path: FilePath
    let version: String
    let architecture: String
    /// What it takes on the disk when it is installed, in bytes.
    let installedSize: Int64
    /// A line for each of its files: with the same lines, two packages are the same.
    let digests: String

    /// Refuses what is not a whole package of ours, or not the file that the digest beside it names.
    init(reading path: FilePath, on host: any Host, doing: String) async throws {
        guard let status = try host.files.status(path), status.kind == .file || status.kind == .link else {
            throw OperatorError(
                doing: doing, because: "there is no such file", next: "name the package's file", exit: .usage)
        }
        try Self.demandDigest(of: path, on: host, doing: doing)
        let damaged = OperatorError(
            doing: doing, because: "it is no whole package of \(Self.name)",
            next: "fetch it again; nothing was changed")
        func ask(_ arguments: String...) async throws -> String {
            let result = try await host.processes.run(
                Command(Self.tool, arguments: arguments), timeout: .seconds(120))
            guard result.status == .exited(0) else { throw damaged }
            return result.output
        }
        let fields = Self.fields(
            try await ask("--field", path.string, "Package", "Version", "Architecture", "Installed-Size"))
        guard fields["Package"] == Self.name, let version = fields["Version"], Self.isVersion(version),
            let architecture = fields["Architecture"], let size = fields["Installed-Size"].flatMap(Int64.init),
            (0..<(1 << 30)).contains(size)
        else { throw damaged }
        // Reads all of it: a file that was cut short or changed does not unpack.
        _ = try await ask("--contents", path.string)
        self.path = path
        self.version = version
        self.architecture = architecture
        installedSize = size * 1024
        digests = try await ask("--info", path.string, "md5sums")
    }

    private static func demandDigest(of path: FilePath, on host: any Host, doing: String) throws {
        let beside = FilePath(path.string + ".sha256")
        guard let text = try host.files.readIfPresent(beside, limit: 4096) else { return }
        let named = String(decoding: text.prefix { !$0.isBlank }, as: UTF8.self).lowercased()
        guard try host.files.sha256(of: path) == named else {
            throw OperatorError(
                doing: doing, because: "it is not the file that \(beside) names",
                next: "fetch it again; nothing was changed")
        }
    }

    /// `Name: value`, a line each, as dpkg-deb tells more than one field.
    private static func fields(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            found[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return found
    }

    /// The characters of a version (deb-version(7)), which never begins with a dash: it becomes an argument.
    private static func isVersion(_ text: String) -> Bool {
        guard let first = text.utf8.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: ".+-:~".utf8.contains(byte)
            }
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\n") || self == UInt8(ascii: "\t")
    }
}
