import Glibc
import Scanning
import SystemPackage
import Testing

/// A folder with files in it, for one test.
struct Tree: ~Copyable {
    let path: FilePath

    init(_ files: [String: String] = [:]) throws {
        var template = Array("/tmp/scanning-test.XXXXXX".utf8CString)
        let path = FilePath(String(cString: try #require(mkdtemp(&template))))
        for (name, text) in files { try Self.write(Array(text.utf8), to: name, under: path) }
        self.path = path
    }

    deinit { Self.remove(path) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Self.write(bytes, to: name, under: path) }

    private static func write(_ bytes: [UInt8], to name: String, under path: FilePath) throws {
        var folder = path
        for component in FilePath(name).removingLastComponent().components {
            folder.append(component)
            mkdir(folder.string, 0o700)
        }
        let file = try FileDescriptor.open(
            path.appending(name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    func findings() throws -> [Finding] { try scan().findings }

    func scan(isCancelled: () -> Bool = { false }) throws -> (findings: [Finding], summary: ScanSummary) {
        let scanner = SecretScanner(rules: try .bundled())
        var findings: [Finding] = []
        let summary = try scanner.scan(folder: path, isCancelled: isCancelled, report: { findings.append($0) })
        return (findings, summary)
    }

    private static func remove(_ folder: FilePath) {
        chmod(folder.string, 0o700)
        guard let stream = opendir(folder.string) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            if unlink(folder.appending(name).string) != 0 { remove(folder.appending(name)) }
        }
        rmdir(folder.string)
    }
}
