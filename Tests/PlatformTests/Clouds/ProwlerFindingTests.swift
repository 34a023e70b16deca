import Foundation
import Scanning
import Testing

@testable import Platform

@Suite("An entry of Prowler's report")
struct ProwlerFindingTests {
    private func entry(_ json: String) -> ProwlerFinding? {
        ProwlerFinding.read(Array(json.utf8))
    }

    private func finding(_ json: String) throws -> Finding {
        var seen: [String: Int] = [:]
        return try #require(entry(json)).finding(&seen, redact: { $0 })
    }

    private func json(
        check: String = "s3_x", status: String = "FAIL", detail: String = "why", region: String = "us-east-1",
        resource: String = "arn:aws:s3:::b", severity: String = #""High""#, more: String = ""
    ) -> String {
        """
        {"metadata":{"event_code":"\(check)"},"status_code":"\(status)","status_detail":"\(detail)",
        "severity":\(severity),"finding_info":{"title":"A title"},"cloud":{"account":{"uid":"1"}},
        "resources":[{"uid":"\(resource)","region":"\(region)"}]\(more)}
        """
    }

    @Test("becomes a finding: check, resource, severity, and what is wrong")
    func fields() throws {
        let finding = try finding(json())
        #expect(finding.rule == "s3_x" && finding.title == "A title" && finding.severity == .high)
        #expect(finding.path == "arn:aws:s3:::b" && finding.excerpt == "why" && finding.line == 1)
        #expect(finding.fingerprint.count == 32)
    }

    @Test("only what failed, and was not muted, is one")
    func failures() throws {
        for (status, more, isFailure) in [
            ("FAIL", "", true), ("FAIL", #","status":"New""#, true), ("FAIL", #","status":"Suppressed""#, false),
            ("PASS", "", false), ("MANUAL", "", false), ("fail", "", false),
        ] { #expect(entry(json(status: status, more: more))?.isFailure == isFailure, "\(status) \(more)") }
    }

    @Test("keeps its fingerprint while words and severity change; check, region and resource make another one")
    func fingerprints() throws {
        let first = try finding(json()).fingerprint
        #expect(try finding(json(detail: "other", severity: #""Low""#)).fingerprint == first)
        for other in [json(check: "s3_y"), json(region: "eu-west-1"), json(resource: "arn:aws:s3:::c")] {
            #expect(try finding(other).fingerprint != first)
        }
        var seen: [String: Int] = [:]
        let same = try #require(entry(json()))
        let prints = (0..<3).map { _ in same.finding(&seen, redact: { $0 }).fingerprint }
        #expect(Set(prints).count == 3 && prints[0] == first)
    }

    @Test(
        "of wrong types, or without what it must have, is none",
        arguments: [
            "{}", "[]", "null", "{", #"{"status_code":"FAIL"}"#,
            #"{"metadata":{"event_code":7},"status_code":"FAIL","finding_info":{}}"#,
            #"{"metadata":[],"status_code":"FAIL","finding_info":{}}"#,
            #"{"metadata":{"event_code":"x"},"status_code":["FAIL"],"finding_info":{}}"#,
            #"{"metadata":{"event_code":"x"},"status_code":"FAIL","finding_info":{},"resources":{}}"#,
        ])
    func malformed(json: String) { #expect(entry(json) == nil) }

    @Test("without resource, severity and words is one still; huge texts are cut, and controls are blanks")
    func odd() throws {
        let bare = try finding(#"{"metadata":{"event_code":"x"},"status_code":"FAIL","finding_info":{}}"#)
        #expect(bare.path == "account" && bare.severity == .info && bare.title == "x" && bare.excerpt.isEmpty)
        #expect(try finding(json(severity: #""Dreadful""#)).severity == .info)
        let huge = String(repeating: "h", count: 100_000)
        let cut = try finding(json(check: huge, detail: huge, resource: huge))
        #expect(cut.rule.count == 201 && cut.excerpt.count == 501 && cut.path.count == 1025)
        #expect(try finding(json(detail: #"a\u0000b\u001b[31mc\nd"#)).excerpt == "a b [31mc d")
    }
}
