import Foundation
import ImageFixtures
import Scanning
import SystemPackage
import Testing

@testable import Images

@Suite("Advisories")
struct AdvisoryTests {
    /// From the specification's examples (first.org/cvss/v3.1/examples) and the National Vulnerability Database.
    @Test(
        "a CVSS vector has the score its specification gives it",
        arguments: [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
            ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
            ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
            ("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.7),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N", 8.6),
        ])
    func scores(vector: String, score: Double) { #expect(CVSS.score(vector) == score) }

    @Test(
        "what is no CVSS 3 vector has no score",
        arguments: [
            "", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "CVSS:3.1/AV:N",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        ])
    func noScore(vector: String) { #expect(CVSS.score(vector) == nil) }

    private func affected(_ json: String) throws -> Advisory.Affected {
        try JSONDecoder().decode(Advisory.Affected.self, from: Data(json.utf8))
    }

    @Test(
        "a version is affected within the events of a range, in whatever order they stand, or where it is listed",
        arguments: [
            ("1.0", Advisory.Affected.Verdict.affected(fixed: "1.5")), ("1.5", .unaffected), ("1.9", .unaffected),
            ("2.0", .affected(fixed: "2.2")), ("2.2", .unaffected), ("3.0", .affected(fixed: nil)),
            ("3.1", .affected(fixed: nil)),
            ("3.1.1", .unaffected), ("9.9", .affected(fixed: nil)), ("no version", .unclear),
        ])
    func ranges(version: String, verdict: Advisory.Affected.Verdict) throws {
        let affected = try affected(
            """
            {"ranges":[{"type":"GIT","events":[{"introduced":"0"}]},{"type":"ECOSYSTEM","events":[{"fixed":"1.5"},\
            {"introduced":"0"},{"introduced":"2.0"},{"fixed":"2.2"},{"introduced":"3.0"},{"last_affected":"3.1"}]}],\
            "versions":["9.9"]}
            """)
        #expect(affected.verdict(on: version, .python) == verdict)
    }

    private func folder(_ advisories: [String: String]) throws -> FilePath {
        let folder = FilePath(NSTemporaryDirectory()).appending("advisories-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        for (name, text) in advisories { try Data(text.utf8).write(to: URL(filePath: folder.appending(name).string)) }
        return folder
    }

    private func check(_ layers: [Tar], _ advisories: FilePath?) throws -> (
        findings: [Finding], report: PackageCheck.Report
    ) {
        let saved = try SavedImage(TestImage(layers).oci())
        var findings: [Finding] = []
        let report = try PackageCheck(advisories: advisories, reading: ImageReading())
            .scan(saved.path, isCancelled: { false }, report: { findings.append($0) })
        return (findings, report)
    }

    private static func advisory(_ ecosystem: String, _ package: String, fixed: String, more: String = "") -> String {
        """
        {"id":"TEST-1"\(more),"affected":[{"package":{"ecosystem":"\(ecosystem)","name":"\(package)"},\
        "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"\(fixed)"}]}]}]}
        """
    }

    private static func alpine(_ installed: String) -> Tar {
        var tar = Tar()
        tar.add("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        tar.add("lib/apk/db/installed", installed)
        return tar
    }

    @Test("Alpine's packages are held against advisories about what they were built from, in their release")
    func alpine() throws {
        let image = [Self.alpine("C:Q1x=\nP:libssl3\nV:3.1.4-r5\no:openssl\n\nP:musl\nV:1.2.4-r0\no:musl\n")]
        let here = try folder(["a.json": Self.advisory("Alpine:v3.19", "openssl", fixed: "3.1.4-r6")])
        let found = try check(image, here)
        #expect(found.findings.map(\.excerpt) == ["libssl3 3.1.4-r5, from openssl, fixed in 3.1.4-r6"])
        #expect(found.report.gap == nil && found.report.packages == 2)
        let elsewhere = try folder(["a.json": Self.advisory("Alpine:v3.18", "openssl", fixed: "3.1.4-r6")])
        #expect(try check(image, elsewhere).findings == [])
        let fixed = try folder(["a.json": Self.advisory("Alpine:v3.19", "openssl", fixed: "3.1.4-r5")])
        #expect(try check(image, fixed).findings == [])
        let withdrawn = try folder([
            "a.json": Self.advisory(
                "Alpine:v3.19", "openssl", fixed: "9", more: #","withdrawn":"2024-01-01T00:00:00Z""#)
        ])
        #expect(try check(image, withdrawn).findings == [])
    }

    @Test("the packages of the final image count, not those of a layer below")
    func lastLayer() throws {
        let advisories = try folder(["a.json": Self.advisory("Alpine:v3.19", "openssl", fixed: "3.1.4-r6")])
        let old = Self.alpine("P:openssl\nV:3.1.4-r5\n")
        var upgraded = Tar()
        upgraded.add("lib/apk/db/installed", "P:openssl\nV:3.1.4-r6\n")
        #expect(try check([old, upgraded], advisories).findings == [])
        #expect(try check([upgraded, old], advisories).findings.count == 1)
    }

    @Test("distroless's status.d, Python's and npm's packages are read, and parts of packages are not taken for some")
    func kinds() throws {
        var tar = Tar()
        tar.add("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        tar.add("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n")
        tar.add("var/lib/dpkg/status.d/base.md5sums", "Package: nonsense\nVersion: 1\n")
        tar.add("usr/lib/python3/x.egg-info/PKG-INFO", "Name: Zope.Interface\nVersion: 5.0\n\nName: prose\n")
        tar.add("srv/node_modules/@scope/part/package.json", #"{"name":"@scope/part","version":"1.0.0"}"#)
        tar.add("srv/node_modules/whole/lib/package.json", #"{"name":"no-package","version":"1.0.0"}"#)
        tar.add("srv/package.json", #"{"name":"the-application","version":"1.0.0"}"#)
        let advisories = try folder([
            "1.json": Self.advisory("Debian:12", "base-files", fixed: "12.5"),
            "2.json": Self.advisory("PyPI", "zope-interface", fixed: "5.1").replacingOccurrences(
                of: "TEST-1", with: "TEST-2"),
            "3.json": Self.advisory("npm", "@scope\\/part", fixed: "1.0.1").replacingOccurrences(
                of: "TEST-1", with: "TEST-3"),
        ])
        let found = try check([tar], advisories)
        #expect(found.findings.map(\.rule).sorted() == ["TEST-1", "TEST-2", "TEST-3"])
        #expect(found.report.packages == 3)
    }

    @Test("without advisories, with unreadable ones, or with RPM's packages, the report says what was not done")
    func gaps() throws {
        let image = [Self.alpine("P:musl\nV:1.2.4-r0\n\nP:zlib\nV:1.3-r0\n")]
        for none in [nil, FilePath("/nowhere"), try folder([:])] {
            #expect(
                try check(image, none).report.gap
                    == "2 packages were read and not held against any advisory: put OSV's files into the folder that ADVISORIES_DIRECTORY names"
            )
        }
        let broken = try folder([
            "a.json": "{", "b.json": Self.advisory("Alpine:v3.19", "x", fixed: "1"), "c.zip": "no ZIP",
        ])
        #expect(try check(image, broken).report.gap == "2 advisories cannot be read, the first of them a.json")
        var rpm = Tar()
        rpm.add("var/lib/rpm/rpmdb.sqlite", "x")
        #expect(try check([rpm], nil).report.gap?.contains("RPM packages are not read") == true)
        #expect(try check([Tar()], nil).report.gap == nil)
        var unknown = Tar()
        unknown.add("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n")
        #expect(
            try check([unknown], broken).report.gap?.hasPrefix("1 packages are of a distribution that is not known")
                == true)
    }

    @Test("an advisory's own words count where it has no score, the highest score counts where there are several")
    func severities() throws {
        func severity(_ fields: String) throws -> Severity {
            let advisory = try JSONDecoder().decode(
                Advisory.self, from: Data("{\"id\":\"x\",\"affected\":[{}],\(fields)}".utf8))
            return advisory.severity(for: advisory.affected![0]).severity
        }
        #expect(try severity(#""database_specific":{"severity":"MODERATE"}"#) == .medium)
        #expect(try severity(#""database_specific":{"severity":["CRITICAL"]}"#) == .medium)
        #expect(try severity(#""severity":[{"type":"Ubuntu","score":"low"}]"#) == .low)
        #expect(
            try severity(
                #""severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},{"type":"CVSS_V4","score":"CVSS:4.0/AV:N"}],"database_specific":{"severity":"LOW"}"#
            ) == .critical)
    }
}
