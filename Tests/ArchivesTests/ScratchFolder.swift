import Archives
import Glibc
import SystemPackage
import Testing

/// A folder for one test: the archive goes to `archive`, its content to `target`, and all of it away at the end.
struct ScratchFolder: ~Copyable {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/archives-test.XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = FilePath(String(cString: made))
    }

    deinit { Self.remove(path) }

    var archive: FilePath { path.appending("archive") }
    var target: FilePath { path.appending("target") }

    func store(_ bytes: [UInt8]) throws {
        let file = try FileDescriptor.open(
            archive, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    func store(_ entries: HostileZIP.Entry...) throws { try store(HostileZIP(entries: entries).bytes()) }

    /// Unpacks what was stored.
    func unpack(
        limits: UnpackLimits = .upload, formats: [ArchiveFormat] = [.zip], keepsExecutableBit: Bool = false,
        isCancelled: () -> Bool = { false }
    ) throws(ArchiveError) -> UnpackSummary {
        try unpackArchive(
            archive, into: target, limits: limits, formats: formats, keepsExecutableBit: keepsExecutableBit,
            isCancelled: isCancelled)
    }

    /// The error that unpacking ends with, after checking that it left nothing behind.
    func refusal(limits: UnpackLimits = .upload, formats: [ArchiveFormat] = [.zip]) throws -> ArchiveError? {
        do {
            _ = try unpack(limits: limits, formats: formats)
            return nil
        } catch {
            #expect(Self.names(in: path).subtracting(["archive"]) == [], "nothing is left beside the archive")
            return error
        }
    }

    func content(of name: String) throws -> String {
        let file = try FileDescriptor.open(target.appending(name), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    func mode(of name: String) -> mode_t? {
        var status = stat()
        return lstat(target.appending(name).string, &status) == 0 ? status.st_mode : nil
    }

    static func names(in folder: FilePath) -> Set<String> {
        guard let stream = opendir(folder.string) else { return [] }
        defer { closedir(stream) }
        var names: Set<String> = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.insert(name) }
        }
        return names
    }

    private static func remove(_ folder: FilePath) {
        for name in names(in: folder) where unlink(folder.appending(name).string) != 0 {
            remove(folder.appending(name))
        }
        rmdir(folder.string)
    }
}
