import Host
import SystemPackage

/// What the files of apt's sources say of single sources (sources.list(5)).
package enum AptSources {
    /// Addresses of the indexes of sources that say `Check-Valid-Until: no`, of all files below a folder.
    static func frozen(below folder: FilePath = "/etc/apt") throws -> Set<String> {
        let files = LinuxFiles()
        var paths = [folder.appending("sources.list")]
        let more = folder.appending("sources.list.d")
        if try files.status(more) != nil { paths += try files.list(more).map(more.appending) }
        return try paths.reduce(into: []) { found, path in
            guard ["list", "sources"].contains(path.extension),
                let content = try files.readIfPresent(path, limit: 1 << 20)
            else { return }
            let text = String(decoding: content, as: UTF8.self)
            found.formUnion(path.extension == "list" ? frozen(inLines: text) : frozen(inStanzas: text))
        }
    }

    /// `deb [arch=amd64 check-valid-until=no] URI SUITE COMPONENT…`
    package static func frozen(inLines text: String) -> Set<String> {
        text.split(separator: "\n").reduce(into: []) { found, line in
            let parts = line.split(separator: "[", maxSplits: 1)
            guard parts.count == 2, ["deb", "deb-src"].contains(parts[0].split { $0.isWhitespace }.joined()),
                let end = parts[1].firstIndex(of: "]")
            else { return }
            let options = parts[1][..<end].split { $0.isWhitespace }.map { $0.split(separator: "=", maxSplits: 1) }
            let place = parts[1][parts[1].index(after: end)...].split { $0.isWhitespace }
            guard place.count > 1,
                options.contains(where: { $0.count == 2 && $0[0] == "check-valid-until" && isNo($0[1]) })
            else { return }
            found.insert(index(of: place[0], place[1]))
        }
    }

    /// deb822(5): fields of a line each, with more lines that begin with a space; an empty line between sources.
    package static func frozen(inStanzas text: String) -> Set<String> {
        var found: Set<String> = []
        var fields: [String: [Substring]] = [:]
        var last = ""
        for line in "\(text)\n".split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) {
                if fields["check-valid-until"]?.first.map(isNo) == true {
                    for uri in fields["uris"] ?? [] {
                        for suite in fields["suites"] ?? [] { found.insert(index(of: uri, suite)) }
                    }
                }
                fields = [:]
            } else if line.first == "#" {
                continue
            } else if line.first?.isWhitespace == true {
                fields[last, default: []] += line.split { $0.isWhitespace }
            } else if let colon = line.firstIndex(of: ":") {
                last = line[..<colon].lowercased()
                fields[last] = line[line.index(after: colon)...].split { $0.isWhitespace }
            }
        }
        return found
    }

    /// As apt-pkg/contrib/strutl.cc has it (StringToBool).
    private static func isNo(_ word: Substring) -> Bool {
        ["no", "false", "without", "off", "disable", "0"].contains(word.lowercased())
    }

    /// A suite that ends with `/` is a folder, and no name of a distribution.
    private static func index(of uri: Substring, _ suite: Substring) -> String {
        var base = uri
        while base.hasSuffix("/") { base = base.dropLast() }
        return suite.hasSuffix("/")
            ? "\(base)/\(suite == "/" ? "" : suite)InRelease" : "\(base)/dists/\(suite)/InRelease"
    }
}
