import FoundationEssentials

/// Reads what package managers leave behind about what they have installed.
enum PackageLists {
    /// `var/lib/dpkg/status`, or one file of `status.d` as distroless images have it: deb822 paragraphs.
    static func dpkg(_ text: String, needsStatus: Bool) -> [InstalledPackage] {
        paragraphs(text, separator: ": ").compactMap { fields in
            if needsStatus, fields["Status"]?.hasSuffix(" installed") != true { return nil }
            guard let name = fields["Package"], let version = fields["Version"] else { return nil }
            // `Source: openssl (3.0.9-1)`: the version only where it differs.
            let source = (fields["Source"] ?? "").split(separator: " ")
            let sourceVersion = source.dropFirst().first.map { String($0.filter { $0 != "(" && $0 != ")" }) }
            return InstalledPackage(
                .dpkg, name: name, version: version, source: source.first.map(String.init),
                sourceVersion: sourceVersion)
        }
    }

    /// `lib/apk/db/installed`: `P:` is the name, `V:` the version, `o:` what it was built from.
    static func apk(_ text: String) -> [InstalledPackage] {
        paragraphs(text, separator: ":").compactMap { fields in
            guard let name = fields["P"], let version = fields["V"] else { return nil }
            return InstalledPackage(.apk, name: name, version: version, source: fields["o"])
        }
    }

    /// `METADATA` or `PKG-INFO`: a mail header, then prose.
    static func python(_ text: String) -> [InstalledPackage] {
        guard let fields = paragraphs(text, separator: ":").first, let name = fields["Name"],
            let version = fields["Version"]
        else { return [] }
        return InstalledPackage(.python, name: name, version: version, source: normalized(name)).map { [$0] } ?? []
    }

    /// PEP 503: case, and runs of `-`, `_` and `.`, do not matter.
    static func normalized(_ name: String) -> String {
        name.lowercased().split { "-_.".contains($0) }.joined(separator: "-")
    }

    private struct NodePackage: Decodable {
        let name: String
        let version: String
    }

    /// `package.json` of a package in `node_modules`.
    static func npm(_ bytes: [UInt8]) -> [InstalledPackage] {
        guard let found = try? JSONDecoder().decode(NodePackage.self, from: Data(bytes)) else { return [] }
        return InstalledPackage(.npm, name: found.name, version: found.version).map { [$0] } ?? []
    }

    /// Paragraphs of `Name: value` lines; what a line goes on with on the next is passed over, and of two the first counts.
    private static func paragraphs(_ text: String, separator: String) -> [[String: String]] {
        var found: [[String: String]] = []
        var fields: [String: String] = [:]
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.isEmpty {
                if !fields.isEmpty { found.append(fields) }
                fields = [:]
                continue
            }
            guard !line.hasPrefix(" "), let end = line.firstRange(of: separator) else { continue }
            let name = String(line[..<end.lowerBound])
            if wanted.contains(name), fields[name] == nil {
                fields[name] = String(line[end.upperBound...].drop { $0 == " " })
            }
        }
        if !fields.isEmpty { found.append(fields) }
        return found
    }

    private static let wanted: Set<String> = ["Package", "Status", "Version", "Source", "P", "V", "o", "Name"]
}
