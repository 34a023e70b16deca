import Glibc
import Scanning
import SystemPackage
import Testing

@Suite("The secret scanner")
struct SecretScannerTests {
    @Test("a finding says the rule, the file, the line and the column of the secret")
    func place() throws {
        let tree = try Tree(["src/a.swift": "let a = 1\nlet token = \"\(Planted.github)\"\n"])
        let finding = try #require(try tree.findings().first)
        #expect(try tree.findings().count == 1)
        #expect(finding.rule == "github-token")
        #expect(finding.severity == .critical)
        #expect(finding.path == "src/a.swift")
        #expect(finding.line == 2)
        #expect(finding.column == 14)
        #expect(finding.excerpt == "ghp_… (40 bytes)")
    }

    @Test("the secret's value is in no field of any finding")
    func redaction() throws {
        let line = "password = \"\(Planted.password)\" # \(Planted.github) \(Planted.aws)\n"
        let tree = try Tree(["a.py": line + Planted.databaseURL + "\n" + Planted.key])
        let findings = try tree.findings()
        #expect(
            findings.map(\.rule) == [
                "generic-password", "github-token", "aws-access-key-id", "database-url", "private-key",
            ])
        let text = findings.map { "\($0)" }.joined()
        for secret in [Planted.password, Planted.github, Planted.aws, Planted.databaseURL, Planted.key] {
            // Not even a part of it that is longer than a public prefix.
            for start in secret.indices.dropLast(6) {
                let part = secret[start...].prefix(6)
                let isPublic = part.contains("-") || part.hasPrefix("PRIV") || part.contains(" ") || part.contains("/")
                #expect(isPublic || !text.contains(part) || "PRIVATE KEY postgres://".contains(part), "\(part)")
            }
        }
        #expect(findings[0].excerpt == "password = … (13 bytes)")
        #expect(findings[3].excerpt == "postgres://… (10 bytes)")
    }

    @Test("fingerprints stay when lines move, and differ by file, value and occurrence")
    func fingerprints() throws {
        let line = "token = '\(Planted.github)'\n"
        let other = "token = '\(String(Planted.github.dropLast()))Z'\n"
        func prints(_ files: [String: String]) throws -> [String] { try Tree(files).findings().map(\.fingerprint) }
        let one = try prints(["a.py": line])
        #expect(one.count == 1)
        #expect(try prints(["a.py": line]) == one)
        #expect(try prints(["a.py": "\n\n# moved\n   " + line]) == one)
        #expect(try prints(["b.py": line]) != one)
        #expect(try prints(["a.py": other]) != one)
        let twice = try prints(["a.py": line + line])
        #expect(twice.first == one.first)
        #expect(Set(twice).count == 2)
        #expect(one[0].utf8.count == 32)
    }

    @Test("lines are counted the same with CRLF, and a secret at either end of a file is seen")
    func lineEnds() throws {
        let tree = try Tree([
            "crlf": "a\r\nb\r\n \(Planted.github)\r\n", "start": Planted.github, "end": "x\n" + Planted.aws,
        ])
        #expect(
            try tree.findings().map { "\($0.path):\($0.line):\($0.column)" } == ["crlf:3:2", "end:2:1", "start:1:1"])
    }

    @Test("what is not scanned is counted with its reason")
    func skipped() throws {
        let tree = try Tree(["ok.txt": "fine", "empty": ""])
        try tree.write("binary", Array(Planted.github.utf8) + [0])
        try tree.write("wide", [0xFF, 0xFE, 0x61, 0])
        try tree.write("large", [UInt8](repeating: 0x61, count: (10 << 20) + 1))
        try tree.write("just", [UInt8](repeating: 0x61, count: 10 << 20))
        symlink("ok.txt", tree.path.appending("link").string)
        symlink("/etc", tree.path.appending("folder").string)
        mkfifo(tree.path.appending("pipe").string, 0o600)
        let (findings, summary) = try tree.scan()
        #expect(findings == [])
        #expect(summary.files == 3)
        #expect(summary.bytes == (10 << 20) + 4)
        #expect(summary.skipped == [.binary: 1, .utf16: 1, .tooLarge: 1, .link: 2, .special: 1])
    }

    @Test("folders nested too deeply are counted, not followed")
    func depth() throws {
        let tree = try Tree([String(repeating: "d/", count: 130) + "f": Planted.github])
        let (findings, summary) = try tree.scan()
        #expect(findings == [])
        #expect(summary.skipped == [.tooDeep: 1])
    }

    @Test("an unreadable file is counted", .enabled(if: geteuid() != 0, "root can read everything"))
    func unreadable() throws {
        let tree = try Tree(["a": "text"])
        chmod(tree.path.appending("a").string, 0)
        #expect(try tree.scan().summary.skipped == [.unreadable: 1])
    }

    @Test("a folder that is not there is an error")
    func missing() throws {
        let tree = try Tree()
        let scanner = SecretScanner(rules: try .bundled())
        let folder = tree.path.appending("none")
        #expect(throws: ScanError.unreadable(folder: folder.string, errno: ENOENT)) {
            try scanner.scan(folder: folder, isCancelled: { false }, report: { _ in })
        }
    }

    @Test("a cancelled scan ends before the next file")
    func cancellation() throws {
        let tree = try Tree(["a": "1", "b": "2", "c": "3"])
        var asked = 0
        #expect(throws: ScanError.cancelled) {
            try tree.scan(isCancelled: {
                asked += 1
                return asked == 2
            })
        }
        #expect(asked == 2)
    }

    @Test("an error of whoever takes the findings ends the scan")
    func reportFails() throws {
        struct Full: Error {}
        let tree = try Tree(["a": Planted.github])
        let scanner = SecretScanner(rules: try .bundled())
        #expect(throws: Full.self) {
            try scanner.scan(folder: tree.path, isCancelled: { false }, report: { _ in throw Full() })
        }
    }

    @Test("a marked line is not reported, its neighbours are")
    func allowed() throws {
        let tree = try Tree(["a": "\(Planted.github) # bedplate:allow-secret\n\(Planted.aws)\n"])
        #expect(try tree.findings().map(\.rule) == ["aws-access-key-id"])
    }

    @Test("one place is one finding, of the most specific rule")
    func overlap() throws {
        let tree = try Tree(["a.py": "secret_token_password = \"\(Planted.github)\"\n"])
        #expect(try tree.findings().map(\.rule) == ["github-token"])
    }

    @Test("lock files and minified lines get no guesses, and still the tokens of a known shape")
    func machineWritten() throws {
        let guess = "\"token\": \"" + "q8Zr4TnW1xYv6BkD3mLs\","
        let filler = String(repeating: "a=1;", count: 1000)
        let tree = try Tree([
            "package-lock.json": guess + "\n" + Planted.github, "app.min.js": filler + guess + filler + Planted.github,
            "person.json": guess,
        ])
        #expect(
            try tree.findings().map { "\($0.path) \($0.rule)" } == [
                "app.min.js github-token", "package-lock.json github-token", "person.json generic-secret",
            ])
    }

    @Test("a file full of secrets is cut short, and says so")
    func flood() throws {
        let tree = try Tree(["a": String(repeating: Planted.github + "\n", count: 5000)])
        let (findings, summary) = try tree.scan()
        #expect(findings.count == 1000)
        #expect(Set(findings.map(\.fingerprint)).count == 1000)
        #expect(summary.filesCutShort == 1)
        #expect(summary.findings == 1000)
    }
}
