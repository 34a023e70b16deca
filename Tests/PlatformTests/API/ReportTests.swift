import Foundation
import HTTPTypes
import Hummingbird
import Scanning
import Synchronization
import Testing

@testable import Platform

@Suite("Reports")
struct ReportTests {
    /// A finding whose texts are as bad as a stranger's file name can be.
    private static let hostile = Finding(
        fingerprint: "hostile", rule: "generic-secret", title: "=cmd|' /C calc'!A0", severity: .critical,
        path: "a \"b\"/<script>alert(1)</script>:ü%,\n.py", line: 7, column: 3, excerpt: "@SUM(1)\u{1}&amp;\t-1")

    private func report(_ format: String, findings: [Finding], outcome: ScanOutcome? = nil) async throws -> Client.Reply
    {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.store.add(findings, to: scan.id)
        let outcome = outcome ?? .completed(ScanTotals(files: 1, bytes: 1, skipped: 0))
        try await bench.store.finish(scan.id, as: outcome)
        let reply = try await bench.api {
            try await $0.get("/api/scans/\(scan.id)/report?format=\(format)", token: token)
        }
        #expect(reply.status == 200)
        #expect(reply.headers[.contentDisposition] == "attachment; filename=\"scan-\(scan.id).\(format)\"")
        return reply
    }

    /// More than two pages of the store.
    private static let many = (0..<1203).map { Finding.sample($0, severity: Severity.allCases[$0 % 5]) } + [hostile]

    @Test("JSON has the scan and every finding, once and in order")
    func json() async throws {
        let reply = try await report("json", findings: Self.many)
        #expect(reply.headers[.contentType] == "application/json")
        let findings = reply.json["findings"] as? [[String: Any]] ?? []
        #expect(Set(findings.compactMap { $0["fingerprint"] as? String }).count == 1204 && findings.count == 1204)
        #expect((reply.json["scan"] as? [String: Any])?["findings"] as? Int == 1204)
        #expect(findings.first { $0["line"] as? Int == 7 && $0["path"] as? String == Self.hostile.path } != nil)
        #expect((try await report("json", findings: []).json["findings"] as? [Any])?.isEmpty == true)
    }

    @Test("CSV has a row for each finding, and no cell that a spreadsheet would run")
    func csv() async throws {
        let reply = try await report("csv", findings: Self.many)
        #expect(reply.headers[.contentType] == "text/csv; charset=utf-8")
        #expect(reply.text.components(separatedBy: "\r\n").count == 1 + 1204 + 1)
        #expect(
            reply.text.contains(
                #""critical","generic-secret","'=cmd|' /C calc'!A0","a ""b""/<script>alert(1)</script>:ü%,"#))
    }

    @Test(
        "a cell that looks like a formula to any spreadsheet is text",
        arguments: ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n@x", "＝1", "\u{A0}=1"])
    func formulas(text: String) {
        #expect(CSVReport.cell(text) == "\"'\(text)\"")
        #expect(CSVReport.cell("a" + text) == "\"a\(text)\"")
    }

    @Test("HTML has every finding, and nothing of a name is markup")
    func html() async throws {
        let reply = try await report("html", findings: Self.many, outcome: .partial(nil, reason: "<b>"))
        #expect(reply.text.components(separatedBy: "<tr><td>").count == 1 + 1204)
        #expect(reply.text.contains("a &quot;b&quot;/&lt;script&gt;alert(1)&lt;/script&gt;:ü%,\n.py:7"))
        #expect(!reply.text.contains("<script") && !reply.text.contains("<b>") && !reply.text.contains("\u{1}"))
        #expect(reply.text.contains("partial: &lt;b&gt;"))
        #expect(
            reply.headers[HTTPField.Name("Content-Security-Policy")!]
                == "default-src 'none'; style-src 'unsafe-inline'; sandbox")
    }

    @Test("SARIF is 2.1.0: each result has its rule, level, place and fingerprint")
    func sarif() async throws {
        let reply = try await report("sarif", findings: Self.many)
        #expect(reply.headers[.contentType] == "application/sarif+json" && reply.string("version") == "2.1.0")
        let run = try #require((reply.json["runs"] as? [[String: Any]])?.first)
        let results = run["results"] as? [[String: Any]] ?? []
        #expect(results.count == 1204)
        let driver = (run["tool"] as? [String: Any])?["driver"] as? [String: Any]
        #expect(driver?["name"] as? String == "cspm")
        #expect((driver?["rules"] as? [[String: Any]])?.map { $0["id"] as? String } == ["generic-secret"])
        for result in results { #expect(result["ruleIndex"] as? Int == 0 && result["level"] is String) }
        let bad = try #require(
            results.first { ($0["partialFingerprints"] as? [String: String]) == ["cspm/v1": "hostile"] })
        #expect(bad["level"] as? String == "error")
        let place = (bad["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any]
        let uri = (place?["artifactLocation"] as? [String: Any])?["uri"] as? String
        #expect(uri == "a%20%22b%22/%3Cscript%3Ealert%281%29%3C/script%3E%3A%C3%BC%25%2C%0A.py")
        #expect((place?["region"] as? [String: Any])?["startLine"] as? Int == 7)
        let invocation = (run["invocations"] as? [[String: Any]])?.first
        #expect(invocation?["executionSuccessful"] as? Bool == true)
    }

    @Test("SARIF of a scan that is not complete says so")
    func partialSARIF() async throws {
        let reply = try await report("sarif", findings: [], outcome: .partial(nil, reason: "2 too large"))
        let run = try #require((reply.json["runs"] as? [[String: Any]])?.first)
        let invocation = (run["invocations"] as? [[String: Any]])?.first
        #expect(invocation?["executionSuccessful"] as? Bool == false)
        #expect("\(invocation ?? [:])".contains("2 too large"))
        #expect((run["results"] as? [Any])?.isEmpty == true)
    }

    @Test("a scan that has not ended has no report, and a format that is none is named")
    func refusals() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.api { (client) async throws in
            let early = try await client.get("/api/scans/\(scan.id)/report", token: token)
            #expect(early.status == 409 && early.detail == "the scan has not ended yet")
            let odd = try await client.get("/api/scans/\(scan.id)/report?format=pdf", token: token)
            #expect(odd.status == 400 && odd.detail == "format must be one of json, csv, html, sarif")
        }
    }

    @Test("a store that fails in the middle ends the connection: half a report never looks like a whole one")
    func brokenOff() async throws {
        let bench = try Bench()
        let scan = try await bench.queuedScan()
        var store = FailingStore { throw StoreError.unavailable("gone") }
        store.firstPage = Page(Array(Self.many.prefix(501)), limit: 500, position: FindingPosition.init)
        for format in ReportFormat.allCases {
            let reply = try await ReportReply.make(format, of: scan, bench.services.with(store: store), path: "/")
            let written = Written()
            await #expect(throws: StoreError.self) { try await reply.body.write(written) }
            #expect(!written.bytes.withLock { $0.isEmpty } && !written.isFinished.withLock { $0 })
        }
    }
}
