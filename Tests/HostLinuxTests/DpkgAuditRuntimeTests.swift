import Host
import HostLinux
import SystemPackage
import Testing

/// Beside dpkg itself: what it finds is what we find.
@Suite struct DpkgAuditRuntimeTests {
    /// Every condition that dpkg knows, as its status file has it.
    private static let states = [
        ("whole", "install ok installed"), ("gone", "deinstall ok config-files"), ("held", "hold ok installed"),
        ("unpacked", "install ok unpacked"), ("half-installed", "install ok half-installed"),
        ("half-configured", "install ok half-configured"), ("awaiting", "install ok triggers-awaited"),
        ("pending", "install ok triggers-pending"), ("torn", "install reinstreq half-installed"),
        ("whole-but-torn", "install reinstreq installed"),
    ]

    private func stanza(_ name: String, _ status: String, _ architecture: String = "all") -> String {
        var text = """
            Package: \(name)
            Status: \(status)
            Architecture: \(architecture)
            Maintainer: x <x@example.org>
            Version: 1
            Description: x

            """
        if status.hasSuffix("triggers-awaited") { text += "Triggers-Awaited: pending\n" }
        if status.hasSuffix("triggers-pending") { text += "Triggers-Pending: x\n" }
        return text + "\n"
    }

    private func write(_ text: String, _ scratch: Scratch) throws -> DpkgStatus {
        for folder in ["info", "updates", "triggers"] {
            try LinuxFiles().createDirectory(scratch(folder), mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        try LinuxFiles().replace(
            scratch("status"), with: Array(text.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
        return DpkgStatus(scratch("status"))
    }

    @Test("all that dpkg --audit calls half done is found, with its condition")
    func audit() async throws {
        let scratch = try Scratch()
        let database = try write(Self.states.map { stanza($0.0, $0.1) }.joined(), scratch).database()
        let dpkg = Command("/usr/bin/dpkg", "--admindir=\(scratch.path)", "--audit")
        let said = try await LinuxProcesses().run(dpkg, timeout: .seconds(20))
        // It lists names with a blank before them, below a sentence for each kind. That of packages without lists of their
        // files, which ours here have none of, is only about what dpkg -V and -L could tell: apt goes on with those.
        var found: Set<String> = []
        var counts = true
        for line in said.output.split(separator: "\n") {
            if line.first != " " {
                if line.hasPrefix("The following packages") { counts = !line.contains("are missing the") }
            } else if counts, let name = line.split(separator: " ").first {
                found.insert(String(name.prefix { $0 != ":" }))
            }
        }
        #expect(found.contains("half-configured") && found.contains("torn"), "\(said)")
        #expect(found.subtracting(database.unfinished) == [], "\(said.output)")
        #expect(
            database.audit == [
                "awaiting (triggers-awaited)", "half-configured (half-configured)", "half-installed (half-installed)",
                "pending (triggers-pending)", "torn (half-installed, reinst-required)", "unpacked (unpacked)",
                "whole-but-torn (installed, reinst-required)",
            ])
        #expect(database.torn == ["torn", "whole-but-torn"])
    }

    @Test(
        "of a package in two architectures the unfinished one is found, whichever comes first",
        arguments: [false, true])
    func architectures(isReversed: Bool) throws {
        let scratch = try Scratch()
        let both = [
            stanza("libx", "install ok installed", "amd64"), stanza("libx", "install reinstreq half-installed", "i386"),
        ]
        let database = try write((isReversed ? both.reversed() : both).joined(), scratch).database()
        #expect(database.audit == ["libx (half-installed, reinst-required)"])
        #expect(database.torn == ["libx"])
    }

    @Test("apt is asked for its health without changing anything")
    func health() async throws {
        let health = try await LinuxHost().packages.health()
        #expect(health.complaints == [])
    }
}
