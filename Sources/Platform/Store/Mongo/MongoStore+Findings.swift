package import Scanning

/// A scan's findings, each a document of its own, and how many there are.
extension MongoStore {
    @discardableResult
    package func add(_ findings: [Finding], to id: ScanID) async throws -> Int {
        guard !findings.isEmpty else { return 0 }
        for database in MongoLayout.databases {
            guard let scan = try await first(MongoLayout.scans, Self.openScan(id), in: database),
                let created = scan["created_at"]
            else { continue }
            return try await add(findings, to: id, created: created, in: database)
        }
        return 0
    }

    private func add(_ findings: [Finding], to id: ScanID, created: BSON, in database: String) async throws -> Int {
        let updates = findings.map { finding -> BSON in
            var document = finding.document
            document["scan_id"] = .text(id.description)
            document["created_at"] = created
            return [
                "q": ["_id": .text("\(id)/\(finding.fingerprint)")], "u": ["$setOnInsert": .document(document)],
                "upsert": true,
            ]
        }
        let reply = try await translating {
            // Two consumers with the same finding at once: one of them is told that the key is taken, and all is well.
            try await client.run(
                durable(["update": .text(MongoLayout.findings), "updates": .array(updates), "ordered": false]),
                in: database, tolerating: 11000)
        }
        var new = SeverityCounts()
        for place in reply["upserted"]?.array ?? [] {
            guard let index = place.document?["index"]?.int, findings.indices.contains(Int(index)) else { continue }
            new[findings[Int(index)].severity] += 1
        }
        guard new.total > 0 else { return 0 }
        // A crash before this line leaves the counts short; `finish` counts what is there.
        let steps = Severity.allCases.map { (name: "counts.\($0.rawValue)", value: BSON.int(Int64(new[$0]))) }
        let isOpen =
            try await update(
                MongoLayout.scans, Self.openScan(id), ["$inc": .document(BSONDocument(steps))], in: database) == 1
        if !isOpen { try await settle(id, in: database) }
        return new.total
    }

    package func findings(of id: ScanID, after position: FindingPosition?, limit: Int) async throws
        -> Page<Finding, FindingPosition>
    {
        var filter = Self.key(id)
        if let position {
            let rank = BSON.int(Int64(position.severity.rank))
            let path = BSON.text(position.path)
            let line = BSON.int(Int64(position.line))
            filter["severity"] = ["$lte": rank]
            filter["$or"] = [
                ["severity": ["$lt": rank]],
                ["path": ["$gt": path]],
                ["path": path, "line": ["$gt": line]],
                ["path": path, "line": line, "fingerprint": ["$gt": .text(position.fingerprint)]],
            ]
        }
        for database in MongoLayout.databases {
            let found = try await find(
                MongoLayout.findings, filter, sort: ["severity": -1, "path": 1, "line": 1, "fingerprint": 1],
                limit: limit + 1, in: database)
            if found.isEmpty { continue }
            return Page(found.compactMap(Finding.init), limit: limit, position: FindingPosition.init)
        }
        return Page([], limit: limit, position: FindingPosition.init)
    }

    /// Makes a scan that has ended, or is gone, agree with the findings that came while it ended.
    func settle(_ id: ScanID, in database: String) async throws {
        if try await first(MongoLayout.scans, Self.key(id), in: database) == nil {
            _ = try await delete(MongoLayout.findings, Self.key(id), in: database)
        } else {
            let counts = try await counts(of: id, in: database)
            _ = try await update(MongoLayout.scans, Self.key(id), ["$set": .document(counts)], in: database)
        }
    }

    /// The counts as fields to set, from the findings that are there.
    func counts(of id: ScanID, in database: String) async throws -> BSONDocument {
        let reply = try await translating {
            try await client.run(
                [
                    "aggregate": .text(MongoLayout.findings),
                    "pipeline": [
                        ["$match": ["scan_id": .text(id.description)]],
                        ["$group": ["_id": "$severity", "count": ["$sum": 1]]],
                    ],
                    "cursor": [:],
                ], in: database)
        }
        var counts: [Severity: Int64] = [:]
        for group in reply.firstBatch {
            guard let rank = group["_id"]?.int, let severity = Severity(rank: Int(rank)) else { continue }
            counts[severity] = group["count"]?.int
        }
        return BSONDocument(Severity.allCases.map { ("counts.\($0.rawValue)", .int(counts[$0] ?? 0)) })
    }
}
