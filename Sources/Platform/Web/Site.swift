package import CoreTypes
import FoundationEssentials
package import SystemPackage

/// The console's files, read once at start: a request looks up a name and never touches the disk.
///
/// `index.html` may say `{{assets}}`; it becomes `/static/<digest>`, and the digest is that of everything in `assets/`, so
/// that a changed file changes every address and addresses may be cached for ever.
package struct Site: Sendable {
    /// One file as it is sent.
    package struct File: Sendable, Equatable {
        package let bytes: [UInt8]
        package let contentType: String
        package let etag: String
        /// Its address names its content.
        package let isImmutable: Bool
    }

    /// A console is a few hundred kilobytes; this is a wrong folder.
    private static let largest: Int64 = 64 << 20

    package let digest: String
    private let files: [String: File]
    private let index: File

    package init(folder: FilePath) throws(OperatorError) {
        let contents = try Self.read(folder)
        guard let page = contents["index.html"] else {
            throw OperatorError(
                doing: "serve the console from \(folder)", because: "there is no index.html in it",
                next: "name the folder of the console with --files", exit: .usage)
        }
        let assets = contents.filter { $0.key.hasPrefix("assets/") }
        let digest = hexadecimal(
            sha256(assets.sorted { $0.key < $1.key }.flatMap { Array($0.key.utf8) + [0] + sha256($0.value) }).prefix(8))
        self.digest = digest
        let text = String(decoding: page, as: UTF8.self)
            .replacing("{{assets}}", with: "/static/\(digest)")
        let index = Self.file("index.html", Array(text.utf8), isImmutable: false)
        var files = ["/": index, "/index.html": index]
        for (name, bytes) in contents where name != "index.html" {
            let isAsset = name.hasPrefix("assets/")
            let path = isAsset ? "/static/\(digest)/\(name.dropFirst("assets/".count))" : "/\(name)"
            files[path] = Self.file(name, bytes, isImmutable: isAsset)
        }
        self.files = files
        self.index = index
    }

    /// The file at a decoded path; the console's own addresses, which have no extension, are all its page.
    package func file(at path: String) -> File? {
        if let file = files[path] { return file }
        let parts = path.split(separator: "/")
        let isOurs = !path.hasPrefix("/static/") && !path.hasPrefix("/api/") && path != "/api"
        return isOurs && parts.allSatisfy { !$0.contains(".") } ? index : nil
    }

    private static func read(_ folder: FilePath) throws(OperatorError) -> [String: [UInt8]] {
        do {
            var contents: [String: [UInt8]] = [:]
            var total: Int64 = 0
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder.string) {
                // Hidden files are not the console's.
                guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
                let path = folder.appending(name).string
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                // Links are not followed: nothing outside of the folder is served.
                guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
                let data = try Data(contentsOf: URL(filePath: path))
                total += Int64(data.count)
                guard total <= largest else {
                    throw OperatorError(
                        doing: "serve the console from \(folder)",
                        because: "it holds more than \(ByteCount(bytes: largest))",
                        next: "name the folder of the console with --files", exit: .usage)
                }
                contents[name] = Array(data)
            }
            return contents
        } catch let error as OperatorError {
            throw error
        } catch {
            throw OperatorError(
                doing: "serve the console from \(folder)", because: "the folder cannot be read",
                next: "name the folder of the console with --files", cause: error, exit: .usage)
        }
    }

    private static func file(_ name: String, _ bytes: [UInt8], isImmutable: Bool) -> File {
        File(
            bytes: bytes, contentType: contentType(of: name),
            etag: "\"\(hexadecimal(sha256(bytes).prefix(16)))\"", isImmutable: isImmutable)
    }

    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last.map({ $0.lowercased() }) {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "map": "application/json"
        case "webmanifest": "application/manifest+json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
