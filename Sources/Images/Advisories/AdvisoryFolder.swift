import Archives
import FoundationEssentials
import Glibc
import SystemPackage

/// The advisories that an operator has put into a folder: OSV's `all.zip` of ecosystems, or single JSON files, however nested.
struct AdvisoryFolder: Sendable {
    private static let largestAdvisory = 8 << 20
    private static let deepest = 8

    let path: FilePath

    /// What was read, and what could not be.
    struct Report: Equatable {
        var advisories = 0
        var unreadable: [String] = []
    }

    /// Calls `visit` with each advisory that names a package of interest; the others are not parsed.
    func read(
        naming names: Set<String>, isCancelled: () -> Bool, visit: (Advisory) throws -> Void
    ) throws -> Report {
        try withoutActuallyEscaping(isCancelled) { try read(naming: names, escaping: $0, visit: visit) }
    }

    private func read(
        naming names: Set<String>, escaping isCancelled: @escaping () -> Bool, visit: (Advisory) throws -> Void
    ) throws -> Report {
        var report = Report()
        for file in Self.files(below: path, depth: 0) {
            guard !isCancelled() else { throw ArchiveError.cancelled }
            let name = file.lastComponent?.string ?? ""
            do {
                if name.hasSuffix(".zip") {
                    try withArchiveNames {
                        let reader = try EntryReader(FileSource(file, isCancelled: isCancelled), as: .zip)
                        while let entry = try reader.nextEntry() {
                            guard entry.kind == .file, entry.name.hasSuffix(".json") else { continue }
                            try Self.take(reader, "\(name)/\(entry.name)", names, &report, visit)
                        }
                    }
                } else {
                    try Self.take(FileSource(file, isCancelled: isCancelled), name, names, &report, visit)
                }
            } catch let error as ArchiveError where error != .cancelled {
                report.unreadable.append(printable(name))
            }
        }
        return report
    }

    private static func take(
        _ source: any ByteSource, _ name: String, _ names: Set<String>, _ report: inout Report,
        _ visit: (Advisory) throws -> Void
    ) throws {
        guard let bytes = try source.all(atMost: largestAdvisory) else {
            report.unreadable.append(printable(name))
            return
        }
        guard mayName(bytes, names) else {
            report.advisories += 1
            return
        }
        guard let advisory = try? JSONDecoder().decode(Advisory.self, from: Data(bytes)) else {
            report.unreadable.append(printable(name))
            return
        }
        report.advisories += 1
        try visit(advisory)
    }

    /// Whether a `"name"` in the text is one of these. Most advisories are about packages nobody here has, and parsing costs
    /// fifty times as much as this look.
    static func mayName(_ bytes: [UInt8], _ names: Set<String>) -> Bool {
        let key = Array("\"name\"".utf8)
        let quote = UInt8(ascii: "\"")
        var hasName = false
        let isFound = bytes.withUnsafeBytes { text -> Bool in
            guard let base = text.baseAddress else { return false }
            var position = 0
            while let hit = memchr(base + position, Int32(quote), text.count - position) {
                position = UnsafeRawPointer(hit) - base
                guard text.count - position > key.count, memcmp(hit, key, key.count) == 0 else {
                    position += 1
                    continue
                }
                hasName = true
                position += key.count
                while position < text.count, [0x20, 0x09, 0x0A, 0x0D, 0x3A].contains(text[position]) { position += 1 }
                guard position < text.count, text[position] == quote else { continue }
                let start = position + 1
                guard let end = text[start...].firstIndex(of: quote) else { return true }
                let value = text[start..<end]
                // Escapes are for the parser.
                if value.contains(UInt8(ascii: "\\")) || names.contains(String(decoding: value, as: UTF8.self)) {
                    return true
                }
                position = end
            }
            return false
        }
        // Without any name it is about no package, or no advisory at all: the parser tells.
        return isFound || !hasName
    }

    /// In the order of their names; links are not followed.
    private static func files(below folder: FilePath, depth: Int) -> [FilePath] {
        guard depth < deepest, let names = try? FileManager.default.contentsOfDirectory(atPath: folder.string) else {
            return []
        }
        return names.sorted().flatMap { name -> [FilePath] in
            let path = folder.appending(name)
            var status = stat()
            guard lstat(path.string, &status) == 0 else { return [] }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return files(below: path, depth: depth + 1)
            case S_IFREG: return name.hasSuffix(".zip") || name.hasSuffix(".json") ? [path] : []
            default: return []
            }
        }
    }
}
