package import Scanning
package import SystemPackage

/// What is wrong with how an image is made: what of the CIS Docker Benchmark (1.6, chapter 4) an image can tell, and more.
package struct ConfigurationCheck: Sendable {
    private let secrets: SecretScanner
    private let reading: ImageReading
    /// The day as `2026-08-31`.
    private let today: String

    package init(_ secrets: SecretScanner, reading: ImageReading, today: String) {
        self.secrets = secrets
        self.reading = reading
        self.today = today
    }

    /// Returns how many files, folders and links the layers have, and what they unpack to.
    package func scan(_ archive: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> (
        entries: Int, bytes: Int64
    ) {
        let (image, inventory) = try reading.image(at: archive, isCancelled: isCancelled)
        var findings = Findings()
        user(image, &findings)
        settings(image, &findings)
        history(image, &findings)
        release(inventory, &findings)
        accounts(inventory, &findings)
        try findings.give(to: report)
        try words(of: image, report)
        try modes(image, inventory, isCancelled, report)
        return (inventory.entries, inventory.bytes)
    }

    /// Where something of the configuration stands: no file of an image has such a path.
    private static let place = "/config"

    /// Findings in the order in which they were noted.
    private struct Findings {
        private var fingerprint = Fingerprint()
        private var list: [Finding] = []

        mutating func note(
            _ rule: String, _ severity: Severity, _ title: String, at path: String = place, line: Int = 1,
            _ excerpt: String
        ) {
            list.append(
                Finding(
                    fingerprint: fingerprint.of(rule: rule, path: path, text: excerpt), rule: rule, title: title,
                    severity: severity, path: path, line: line, column: 1, excerpt: printable(excerpt, longest: 400)))
        }

        mutating func give(to report: (Finding) throws -> Void) rethrows {
            for finding in list { try report(finding) }
            list = []
        }
    }

    // MARK: What the configuration says

    private func user(_ image: ImageArchive, _ findings: inout Findings) {
        let user = image.configuration.config?.user ?? ""
        let name = user.prefix { $0 != ":" }
        if name.isEmpty {
            findings.note("image-no-user", .medium, "The image names no user, so it runs as root", "no USER")
        } else if name == "root" || name == "0" {
            findings.note("image-root-user", .medium, "The image runs as root", "USER \(user)")
        }
    }

    private func settings(_ image: ImageArchive, _ findings: inout Findings) {
        let config = image.configuration.config
        for port in (config?.ports ?? [:]).keys.sorted() where port == "22" || port.hasPrefix("22/") {
            findings.note("image-ssh-port", .medium, "The image exposes the port of SSH", "EXPOSE \(port)")
        }
        let test = config?.healthcheck?.test ?? []
        if test.isEmpty || test == ["NONE"] {
            findings.note("image-no-healthcheck", .info, "The image has no health check", "no HEALTHCHECK")
        }
    }

    private func history(_ image: ImageArchive, _ findings: inout Findings) {
        for (number, step) in (image.configuration.history ?? []).prefix(2000).enumerated() {
            // `/bin/sh -c #(nop) ADD file:… in /` by the classic builder, `ADD https://… /` by BuildKit.
            let text = step.command ?? ""
            let command = (text.firstRange(of: "#(nop)").map { text[$0.upperBound...] } ?? text[...]).drop { $0 == " " }
            let line = number + 1
            let path = "\(Self.place)/history"
            if command.hasPrefix("ADD ") {
                let words = command.split(separator: " ")
                if words.contains(where: { $0.hasPrefix("https://") || $0.hasPrefix("http://") }) {
                    findings.note(
                        "image-remote-add", .medium, "A file from a URL was added, unchecked", at: path, line: line,
                        Self.withoutUserInfo(command))
                } else if words.count > 3,
                    !(words.suffix(2) == ["in", "/"] || words.suffix(3).first == "in" && words.suffix(2).first == "/")
                {
                    findings.note(
                        "image-add", .info, "ADD unpacks archives and follows URLs; COPY does neither", at: path,
                        line: line,
                        Self.withoutUserInfo(command))
                }
            }
            let updates = text.contains("apt-get update") || text.contains("apt update")
            if updates, !text.contains("install"), !text.contains("upgrade") {
                findings.note(
                    "image-update-alone", .low, "A package list is updated in a layer of its own, and goes stale there",
                    at: path, line: line, "apt-get update")
            }
        }
    }

    /// A password in a URL is for the rules about secrets to tell of.
    private static func withoutUserInfo(_ text: Substring) -> String {
        text.split(separator: " ").map { word in
            guard let scheme = word.firstRange(of: "://"), let at = word[scheme.upperBound...].firstIndex(of: "@"),
                !word[scheme.upperBound..<at].contains("/")
            else { return String(word.prefix { $0 != "?" }) }
            return word[..<scheme.upperBound] + "…" + word[at...].prefix { $0 != "?" }
        }.joined(separator: " ")
    }

    /// Secrets in variables, labels and commands, by the rules that are for files.
    private func words(of image: ImageArchive, _ report: (Finding) throws -> Void) throws {
        let config = image.configuration.config
        let labels = (config?.labels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        // What a history's step says is kept apart from the ones beside it by its line.
        let steps = (image.configuration.history ?? []).map { "\($0.command ?? "") \($0.comment ?? "")" }
        var stream = SecretStream(secrets)
        for (name, title, list) in [
            ("env", "a variable", config?.variables ?? []), ("labels", "a label", labels),
            ("history", "the history", steps),
        ] {
            let lines = list.prefix(10_000).map { line in String(line.map { $0.isNewline ? " " : $0 }) }
            for finding in stream.scan(path: "\(Self.place)/\(name).env", text: lines.joined(separator: "\n")) {
                try report(
                    finding.with(
                        rule: "image-\(finding.rule)", title: "\(finding.title) in \(title) of the image",
                        path: "\(Self.place)/\(name)"))
            }
        }
    }

    // MARK: What the files say

    private func release(_ inventory: Inventory, _ findings: inout Findings) {
        let fields = inventory.release
        guard let distribution = fields["ID"], let version = fields["VERSION_ID"],
            let end = EndOfLife.date(of: distribution, version), end < today
        else { return }
        findings.note(
            "image-end-of-life", .high, "The image is based on a release that gets no security fixes any more",
            at: "etc/os-release", "\(fields["PRETTY_NAME"] ?? "\(distribution) \(version)"), until \(end)")
    }

    private func accounts(_ inventory: Inventory, _ findings: inout Findings) {
        for (number, line) in inventory.lines(of: "etc/shadow").enumerated() {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, !fields[0].isEmpty, fields[1].isEmpty else { continue }
            findings.note(
                "image-empty-password", .high, "An account has an empty password", at: "etc/shadow", line: number + 1,
                String(fields[0]))
        }
        for (number, line) in inventory.lines(of: "etc/passwd").enumerated() {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 3, fields[2] == "0", fields[0] != "root" else { continue }
            findings.note(
                "image-second-root", .medium, "A second account has the rights of root", at: "etc/passwd",
                line: number + 1,
                String(fields[0]))
        }
    }

    private func modes(
        _ image: ImageArchive, _ inventory: Inventory, _ isCancelled: () -> Bool, _ report: (Finding) throws -> Void
    ) throws {
        var findings = Findings()
        for file in inventory.marked where inventory.shows(file.path, of: file.layer) {
            guard !isCancelled() else { throw ScanError.cancelled }
            let excerpt =
                "mode \(String(file.mode, radix: 8)), owner \(file.owner):\(file.group), layer \(image.layers[file.layer].digest)"
            if file.mode & 0o4000 != 0, !file.isFolder {
                findings.note(
                    "image-setuid", .low, "A program runs as its owner, whoever starts it", at: file.path, excerpt)
            }
            if file.mode & 0o2000 != 0, !file.isFolder {
                findings.note(
                    "image-setgid", .low, "A program runs with its group, whoever starts it", at: file.path, excerpt)
            }
            if file.mode & 0o002 != 0 {
                let what = file.isFolder ? "folder" : "file"
                findings.note(
                    "image-world-writable", .medium, "Everybody may write to a \(what)", at: file.path, excerpt)
            }
            try findings.give(to: report)
        }
    }
}
