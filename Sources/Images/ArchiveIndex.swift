import Archives
import SystemPackage

/// What is in an image's archive: the digest of each file, and the text of the small ones that may be documents.
struct ArchiveIndex {
    private(set) var digests: [String: Digest] = [:]
    private var documents: [String: [UInt8]] = [:]
    private var links: [String: String] = [:]
    private(set) var size: Int64 = 0

    init(_ path: FilePath, limits: ImageLimits, isCancelled: @escaping () -> Bool) throws {
        let file = try FileSource(path, isCancelled: isCancelled)
        size = file.size
        guard size > 0 else { throw ArchiveError.empty }
        let budget = Budget(limits, archive: size)
        let reader = try EntryReader(file, as: .compressedTar)
        var kept = 0
        var seen = 0
        while let entry = try reader.nextEntry() {
            seen += 1
            guard seen <= limits.archiveFiles else { throw ArchiveError.tooManyFiles(limit: limits.archiveFiles) }
            let name = try Self.checked(entry.name)
            switch entry.kind {
            case .directory: continue
            case .special: throw ArchiveError.specialFile(name: name)
            case .hardLink(let target): try add(link: name, to: target)
            case .symbolicLink(let target):
                // From the link's own folder; `..` leads up inside of the archive and nowhere else.
                let folder = name.split(separator: "/").dropLast().joined(separator: "/")
                try add(link: name, to: target.hasPrefix("/") ? target : "\(folder)/\(target)")
            case .file:
                guard digests[name] == nil, links[name] == nil else { throw ArchiveError.duplicate(name: name) }
                let content = CountedSource(reader, hashed: true, count: budget.take)
                if entry.size <= Int64(limits.document) {
                    let bytes = try Self.document(content, at: Int(entry.size))
                    kept += bytes.count
                    guard kept <= limits.documents else {
                        throw ImageError.badDocument(name, because: "all documents together are too large")
                    }
                    if !bytes.isEmpty { documents[name] = bytes }
                }
                digests[name] = try content.finish()!
            }
        }
    }

    /// All of what begins like JSON, nothing of what does not.
    private static func document(_ content: CountedSource, at size: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try content.next() {
            if bytes.isEmpty, let first = piece.first, !Array("{[ \n\r\t".utf8).contains(first) { return [] }
            bytes += piece
        }
        return bytes
    }

    private mutating func add(link name: String, to target: String) throws {
        guard digests[name] == nil, links[name] == nil else { throw ArchiveError.duplicate(name: name) }
        guard !target.hasPrefix("/") else { throw ArchiveError.escapes(name: name) }
        var parts: [Substring] = []
        for part in target.split(separator: "/") where part != "." {
            guard part == ".." else {
                parts.append(part)
                continue
            }
            guard parts.popLast() != nil else { throw ArchiveError.escapes(name: name) }
        }
        links[name] = parts.joined(separator: "/")
    }

    /// A name in the archive, without the `./` that some writers put before it.
    static func checked(_ name: String) throws -> String {
        guard !name.hasPrefix("/") else { throw ArchiveError.absoluteName(name) }
        guard !name.isEmpty, name.utf8.count <= 1024 else { throw ArchiveError.badName(name, because: .tooLong) }
        let parts = name.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else { throw ArchiveError.escapes(name: name) }
        return parts.joined(separator: "/")
    }

    /// The file that a name leads to; links are followed inside of the archive only.
    func file(_ name: String) -> String? {
        var name = (try? Self.checked(name)) ?? ""
        for _ in 0..<8 {
            if digests[name] != nil { return name }
            guard let target = links[name] else { return nil }
            name = target
        }
        return nil
    }

    func document<Value: Decodable>(_ type: Value.Type, _ name: String, namedBy user: String) throws -> Value {
        guard let file = file(name) else { throw ImageError.missing(name, namedBy: user) }
        guard let bytes = documents[file] else {
            throw ImageError.badDocument(name, because: "it is no JSON, or larger than 4 MiB")
        }
        return try Images.document(type, bytes, named: name)
    }

    func has(_ name: String) -> Bool { file(name) != nil }
}
