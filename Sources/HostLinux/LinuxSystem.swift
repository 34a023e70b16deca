import Host
package import SystemPackage

/// What kind of machine this is, by os-release(5).
package struct LinuxSystem: SystemInformation {
    private let osReleases: [FilePath]

    /// `osReleases`: the files to try, in this order.
    package init(osReleases: [FilePath]) { self.osReleases = osReleases }

    package func osRelease() throws -> [String: String] {
        for path in osReleases {
            guard let content = try LinuxFiles().readIfPresent(path, limit: 64 << 10) else { continue }
            return Self.parse(String(decoding: content, as: UTF8.self))
        }
        throw HostError.failed(call: "open", path: osReleases.last ?? "", errno: .noSuchFileOrDirectory)
    }

    static func parse(_ text: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            pairs[String(parts[0])] = unquoted(parts[1])
        }
        return pairs
    }

    /// Shell quoting, as far as os-release(5) allows it.
    private static func unquoted(_ value: Substring) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
            return String(value)
        }
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            if !isEscaped, quote == "\"", character == "\\" {
                isEscaped = true
            } else {
                text.append(character)
                isEscaped = false
            }
        }
        return text
    }
}
