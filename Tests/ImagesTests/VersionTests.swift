import Foundation
import Testing

@testable import Images

@Suite("Versions of packages")
struct VersionTests {
    /// All pairs of these, both ways.
    private static let debian = [
        "0", "1.0", "1.0-1", "1.0-1+b1", "1.0-1~bpo1", "1.0~rc1-1", "1.0~~a", "1.0a", "1.0+dfsg-1", "1.0.1", "1:0.1",
        "1:0.1-1", "2", "2.0", "10", "1.0-10", "1.0-9", "1.2.3-4ubuntu5.6", "1.2.3-4ubuntu5.10", "7.88.1-10+deb12u5",
        "3.0.11-1~deb12u2", "3.0.11-1", "3.0.9-1", "1.0-1.1", "1.0a-1", "1.0.-1", "00001", "1.0-0", "2024-01-02-1",
        "1-a.b",
    ]

    @Test("Debian's versions are ordered as dpkg orders them")
    func dpkg() throws {
        let pairs = Self.debian.flatMap { a in Self.debian.map { (a, $0) } }
        // One shell for all of them: 900 times dpkg.
        let script = pairs.map { a, b in
            "dpkg --compare-versions '\(a)' lt '\(b)' && echo -1 || { dpkg --compare-versions '\(a)' eq '\(b)' && echo 0 || echo 1; }"
        }.joined(separator: "\n")
        let answers = try output("/bin/sh", script).split(separator: "\n").compactMap { Int($0) }
        try #require(answers.count == pairs.count)
        for ((a, b), answer) in zip(pairs, answers) { #expect(VersionOrder.dpkg.compare(a, b) == answer, "\(a) \(b)") }
        for bad in ["", ":1", "a:1", "-1"] { #expect(VersionOrder.dpkg.compare(bad, "1") == nil, "\(bad)") }
    }

    /// What standard input makes of a program; drained before it is waited for.
    private func output(_ program: String, _ input: String) throws -> String {
        let process = Process()
        let (give, take) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: program)
        process.standardInput = give
        process.standardOutput = take
        process.standardError = FileHandle.nullDevice
        try process.run()
        let writer = Thread {
            give.fileHandleForWriting.write(Data(input.utf8))
            try? give.fileHandleForWriting.close()
        }
        writer.start()
        let text = String(decoding: take.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return text
    }

    /// From apk-tools' own test/version.data (its last lines, and what is hard in the others).
    @Test(
        "Alpine's versions are ordered as apk orders them",
        arguments: [
            "2.34 > 0.1.0_alpha", "0.1.0_alpha = 0.1.0_alpha", "0.1.0_alpha < 0.1.3_alpha",
            "0.1.0_alpha2 > 0.1.0_alpha",
            "0.1.0_alpha < 2.2.39-r1", "1.0.4-r3 < 1.0.4-r4", "1.0.4-r4 < 1.6", "0.7-r1 < 1.0.0", "1.1 > 1.1_alpha1",
            "1.2.1 > 1.2", "1.2 < 1.3_alpha", "1.3_alpha < 1.3_alpha2", "0.7.0 < 0.8_beta1", "0.8_beta4 < 4.8-r1",
            "3.10.18-r1 > 2.3.0b-r1", "2.3.0b-r1 < 2.3.0b-r2", "0.12.3 > 0.12", "0.13_beta5 > 0.9.12",
            "3.1_p16 < 3.1_p17",
            "1.06-r6 < 006", "006 > 1.0.0", "9.3.4-r2 > 9.3.4", "2.9.11_pre20051101-r2 < 2.9.11_pre20051101-r3",
            "2.9.11_pre20051101-r3 > 2.9.11_pre20051101", "1.02 < 1.03-r1", "1.02.07 < 1.02.10-r1", "1.07 < 1.19",
            "4.5_p1-r1 > 4.5_p1", "0.9.8c-r1 < 0.9.8d", "2.5.1-r8 < 2.5.1a-r1", "0.9.28-r2 < 0.9.28.1", "013 < 014-r1",
            "7.0.17 < 7.0.174", "1.8.5 < 1.8.5_p2", "1.3-r0 < 1.3.1-r0", "1.3_pre1-r1 < 1.3.2",
            "1.0_p10-r0 > 1.0_p9-r0",
            "0.1.0_alpha_pre2 < 0.1.0_alpha", "1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0",
        ])
    func apk(line: String) {
        let words = line.split(separator: " ").map(String.init)
        let expected = ["<": -1, "=": 0, ">": 1][words[1]]
        #expect(VersionOrder.apk.compare(words[0], words[2]) == expected)
        #expect(VersionOrder.apk.compare(words[2], words[0]) == expected.map { -$0 })
    }

    @Test("what apk does not take for a version is none", arguments: ["", "a", "1.", "1.0bc", "1_foo", "1-r", "1-x1"])
    func noApk(text: String) { #expect(VersionOrder.apk.compare(text, "1") == nil) }

    @Test("Python's versions are ordered as PEP 440 lists them, and spelled in many ways")
    func python() {
        let ordered = [
            "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
            "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.10", "1!0.1",
        ]
        for (i, a) in ordered.enumerated() {
            for (j, b) in ordered.enumerated() {
                let expected = i == j ? 0 : i < j ? -1 : 1
                #expect(VersionOrder.python.compare(a, b) == expected, "\(a) \(b)")
            }
        }
        for (a, b) in [
            ("v1.0", "1.0.0"), ("1.0-1", "1.0.post1"), ("1.0ALPHA1", "1.0a1"), ("1.0-c2", "1.0rc2"),
            ("1.0_preview_3", "1.0rc3"),
            ("1.0a", "1.0a0"), ("1.0.rev4", "1.0.post4"), ("1.0+ubuntu-1", "1.0+ubuntu.1"), ("1.0.post", "1.0.post0"),
        ] { #expect(VersionOrder.python.compare(a, b) == 0, "\(a) \(b)") }
        for bad in ["", "a", "1..0", "1.0x", "1.0+", "1.0-", "!1"] {
            #expect(VersionOrder.python.compare(bad, "1") == nil, "\(bad)")
        }
    }

    @Test("semantic versions are ordered as semver.org lists them")
    func semantic() {
        let ordered = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0", "1.0.1", "1.10.0", "2.0.0-0", "2.0.0",
        ]
        for (i, a) in ordered.enumerated() {
            for (j, b) in ordered.enumerated() {
                #expect(VersionOrder.semantic.compare(a, b) == (i == j ? 0 : i < j ? -1 : 1), "\(a) \(b)")
            }
        }
        #expect(VersionOrder.semantic.compare("v1.2.3+build", "1.2.3") == 0)
        for bad in ["", "1.2.3.4", "x", "1..2", "1.0.0-", "1.0.0-a..b"] {
            #expect(VersionOrder.semantic.compare(bad, "1") == nil)
        }
    }
}
