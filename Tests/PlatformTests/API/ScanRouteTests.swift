import Foundation
import Platform
import Scanning
import Testing

@Suite("Scans over HTTP")
struct ScanRouteTests {
    @Test("a scan shows its status, progress, reason, counts and times")
    func oneScan() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.store.add([.sample(1), .sample(2, severity: .low)], to: scan.id)
        bench.time.advance(by: .seconds(2))
        try await bench.store.finish(scan.id, as: .partial(ScanTotals(files: 4, bytes: 10, skipped: 1), reason: "why"))
        let reply = try await bench.api { try await $0.get("/api/scans/\(scan.id)", token: token) }
        #expect(reply.status == 200)
        let json = reply.json
        #expect(json["scan_id"] as? String == scan.id.description && json["status"] as? String == "partial")
        #expect(json["progress"] as? Int == 100 && json["reason"] as? String == "why")
        #expect(
            json["counts"] as? [String: Int] == ["info": 0, "low": 1, "medium": 0, "high": 1, "critical": 0])
        #expect(json["findings"] as? Int == 2 && json["files"] as? Int == 4 && json["files_skipped"] as? Int == 1)
        #expect(json["created_at"] as? String == "2023-11-14T22:13:20.000Z")
        #expect(json["finished_at"] as? String == "2023-11-14T22:13:22.000Z")
    }

    @Test("lists are read page by page, newest scan and worst finding first, to the end")
    func pages() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        var ids: [String] = []
        for _ in 0..<5 {
            bench.time.advance(by: .seconds(1))
            ids.append(try await bench.queuedScan(of: user.id).id.description)
        }
        let last = try #require(ScanID(ids[4]))
        let findings = (0..<5).map { Finding.sample($0, severity: Severity.allCases[$0]) }
        try await bench.store.add(findings, to: last)
        try await bench.api { [ids] (client) async throws in
            let scans = try await all("/api/scans", client, token)
            #expect(scans.map { $0["scan_id"] as? String } == ids.reversed())
            let findings = try await all("/api/scans/\(last)/findings", client, token)
            #expect(findings.map { $0["severity"] as? String } == ["critical", "high", "medium", "low", "info"])
            #expect(
                Set(findings[0].keys)
                    == ["fingerprint", "rule", "title", "severity", "path", "line", "column", "excerpt"])
        }
    }

    private func all(_ path: String, _ client: Client, _ token: String) async throws -> [[String: Any]] {
        var items: [[String: Any]] = []
        var next: String? = ""
        while let cursor = next {
            let query = cursor.isEmpty ? "" : "&cursor=\(cursor)"
            let page = try await client.get("\(path)?limit=2\(query)", token: token)
            #expect(page.status == 200 && page.items.count <= 2)
            items += page.items
            next = page.json["next"] as? String
        }
        return items
    }

    @Test(
        "a limit or cursor that is none is 400",
        arguments: [
            "limit=0", "limit=201", "limit=x", "limit=-1", "limit=", "cursor=x", "cursor=", "cursor=MTIz",
        ])
    func badQueries(query: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.api { client in
            for path in ["/api/scans", "/api/scans/\(scan.id)/findings"] {
                let reply = try await client.get("\(path)?\(query)", token: token)
                #expect(reply.status == 400 && reply.detail != nil)
            }
        }
    }
}
