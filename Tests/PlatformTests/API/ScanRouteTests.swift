import Foundation
import HTTPTypes
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

    @Test("a list is filtered by kind, status, severity and time, all at once")
    func filters() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let old = try await bench.queuedScan(of: user.id)
        try await bench.store.add([.sample(1, severity: .low)], to: old.id)
        bench.time.advance(by: .seconds(10))
        let new = try await bench.queuedScan(of: user.id)
        try await bench.store.finish(new.id, as: .failed(reason: "x"))
        let (first, second) = (old.id.description, new.id.description)
        try await bench.api { (client) async throws in
            for (query, expected) in [
                ("kind=code", [second, first]), ("kind=cloud", []), ("status=queued", [first]),
                ("status=failed", [second]), ("severity=low", [first]), ("severity=high", []),
                ("since=2023-11-14T22:13:25Z", [second]), ("until=2023-11-15T00:13:25.5%2B02:00", [first]),
                ("kind=code&status=queued&severity=low&since=2023-11-14t22:13:20z", [first]),
            ] {
                let page = try await client.get("/api/scans?\(query)", token: token)
                #expect(page.items.map { $0["scan_id"] as? String ?? "" } == expected, "\(query)")
            }
            for query in ["kind=x", "status=", "severity=High", "since=yesterday", "until=2023-02-29T00:00:00Z"] {
                let page = try await client.get("/api/scans?\(query)", token: token)
                #expect(page.status == 400 && page.detail?.contains("must be") == true, "\(query)")
            }
        }
    }

    @Test("a scan is cancelled once, and removed with its findings once")
    func ending() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.store.note("secrets", .running, because: nil, in: scan.id)
        try await bench.api { (client) async throws in
            let cancelled = try await client.send(.post, "/api/scans/\(scan.id)/cancel", token: token)
            #expect(cancelled.status == 200 && cancelled.string("status") == "cancelled")
            #expect(cancelled.string("reason") == "its user cancelled it")
            let jobs = cancelled.json["jobs"] as? [[String: Any]] ?? []
            #expect(jobs.map { $0["status"] as? String } == ["cancelled"])
            let again = try await client.send(.post, "/api/scans/\(scan.id)/cancel", token: token)
            #expect(again.status == 409 && again.detail == "the scan has ended")
            let removed = try await client.send(.delete, "/api/scans/\(scan.id)", token: token)
            #expect(removed.status == 204 && removed.bytes.isEmpty)
            #expect(try await client.send(.delete, "/api/scans/\(scan.id)", token: token).status == 404)
        }
        #expect(try await bench.store.scan(scan.id) == nil)
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
        "a limit that is none is 400, and a cursor that is none of ours 404",
        arguments: [
            ("limit=0", 400), ("limit=201", 400), ("limit=x", 400), ("limit=-1", 400), ("limit=", 400),
            ("cursor=x", 404), ("cursor=", 404), ("cursor=MTIz", 404),
        ])
    func badQueries(query: String, status: Int) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let scan = try await bench.queuedScan(of: user.id)
        try await bench.api { client in
            for path in ["/api/scans", "/api/scans/\(scan.id)/findings"] {
                let reply = try await client.get("\(path)?\(query)", token: token)
                #expect(reply.status == status && reply.detail != nil)
            }
        }
    }
}
