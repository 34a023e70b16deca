package import CoreTypes
package import Scanning

/// The store in MongoDB. One scan is one document and each finding is another, so that no scan meets the size limit of
/// documents; each promise is kept by one atomic operation on one document, because a single mongod has no transactions.
package struct MongoStore: ResultStore {
    private static let open: BSON = ["$in": ["queued", "running"]]
    /// As many scans as one round of retention removes.
    private static let expiryBatch = 500

    let client: MongoClient
    let layout: MongoLayout
    private let retention: Duration
    private let clock: WallClock

    /// Does not wait for the database; until the indexes are there, each call first makes sure of them.
    package init(_ url: Secret, retention: Duration, clock: WallClock) throws(OperatorError) {
        client = try MongoClient(url)
        layout = MongoLayout(client: client, retention: retention)
        self.retention = retention
        self.clock = clock
    }

    @discardableResult
    package func ping() async throws -> StoreCondition {
        try await translating {
            let indexes = try await layout.ensure()
            _ = try await client.run(["ping": 1], in: MongoLayout.code)
            return StoreCondition(indexes: indexes)
        }
    }

    // MARK: Setup and users

    // The administrator and the end of setup are one document: whatever races, nobody is named after the end.

    package func setupState() async throws -> SetupState {
        let document = try await first(MongoLayout.users, ["_id": "administrator"])
        return SetupState(isComplete: document?["completed_at"] != nil, hasAdministrator: document?["id"] != nil)
    }

    package func putAdministrator(_ user: User) async throws {
        let isKept = try await upsert(
            MongoLayout.users, ["_id": "administrator", "completed_at": ["$exists": false]],
            ["$set": .document(user.document)])
        guard isKept else { throw StoreError.setupIsComplete }
    }

    package func completeSetup(fallback: User?) async throws {
        if let fallback {
            _ = try await upsert(
                MongoLayout.users,
                ["_id": "administrator", "completed_at": ["$exists": false], "id": ["$exists": false]],
                ["$set": .document(fallback.document)])
        }
        let isFirst = try await upsert(
            MongoLayout.users, ["_id": "administrator", "completed_at": ["$exists": false]],
            ["$set": ["completed_at": .date(clock.now())]])
        guard isFirst else { throw StoreError.setupIsComplete }
    }

    package func user(named name: String) async throws -> User? {
        try await first(MongoLayout.users, ["name": .text(name)]).flatMap(User.init)
    }

    package func user(id: String) async throws -> User? {
        try await first(MongoLayout.users, ["id": .text(id)]).flatMap(User.init)
    }

    // MARK: Scans

    package func create(_ scan: Scan) async throws {
        try await insert(MongoLayout.scans, scan.document)
    }

    package func scan(_ id: ScanID) async throws -> Scan? {
        try await first(MongoLayout.scans, ["scan_id": .text(id.description)]).flatMap(Scan.init)
    }

    package func scans(of userID: String, matching wanted: ScanFilter, after position: ScanPosition?, limit: Int)
        async throws -> Page<Scan, ScanPosition>
    {
        var filter: BSONDocument = ["user_id": .text(userID)]
        filter["status"] = wanted.status.map { .text($0.rawValue) }
        if let severity = wanted.severity { filter["counts.\(severity.rawValue)"] = ["$gt": 0] }
        let bounds = [("$gte", wanted.createdSince), ("$lt", wanted.createdBefore)].compactMap { name, moment in
            moment.map { (name: name, value: BSON.date($0)) }
        }
        if !bounds.isEmpty { filter["created_at"] = .document(BSONDocument(bounds)) }
        if let position {
            let moment = BSON.date(position.createdAt)
            filter["$or"] = [
                ["created_at": ["$lt": moment]],
                ["created_at": moment, "scan_id": ["$lt": .text(position.id.description)]],
            ]
        }
        let found = try await find(
            MongoLayout.scans, filter, sort: ["created_at": -1, "scan_id": -1], limit: limit + 1)
        return Page(found.compactMap(Scan.init), limit: limit, position: ScanPosition.init)
    }

    package func queuedScans(before moment: Timestamp, limit: Int) async throws -> [ScanID] {
        try await find(
            MongoLayout.scans, ["status": "queued", "created_at": ["$lt": .date(moment)]], sort: ["created_at": 1],
            limit: limit
        ).compactMap { $0["scan_id"]?.text.flatMap { ScanID($0) } }
    }

    package func advance(_ id: ScanID, to progress: Int) async throws {
        _ = try await update(
            MongoLayout.scans, ["scan_id": .text(id.description), "status": Self.open],
            [
                "$set": ["status": "running"], "$max": ["progress": .int(Int64(min(progress, 99)))],
                "$min": ["started_at": .date(clock.now())],
            ])
    }

    @discardableResult
    package func finish(_ id: ScanID, as outcome: ScanOutcome) async throws -> Bool {
        let filter: BSONDocument = ["scan_id": .text(id.description), "status": Self.open]
        guard try await first(MongoLayout.scans, filter) != nil else { return false }
        let now = BSON.date(clock.now())
        var changes = try await counts(of: id)
        changes["status"] = .text(outcome.status.rawValue)
        changes["progress"] = 100
        changes["finished_at"] = now
        changes["reason"] = outcome.reason.map { .text($0) }
        changes["totals"] = outcome.totals.map { .document($0.document) }
        return try await update(
            MongoLayout.scans, filter, ["$set": .document(changes), "$min": ["started_at": now]]) == 1
    }

    /// The findings first: a crash in between leaves a scan that can be removed again.
    @discardableResult
    package func remove(_ id: ScanID) async throws -> Bool {
        let key: BSONDocument = ["scan_id": .text(id.description)]
        _ = try await delete(MongoLayout.findings, key)
        return try await delete(MongoLayout.scans, key) == 1
    }

    // MARK: Findings

    @discardableResult
    package func add(_ findings: [Finding], to id: ScanID) async throws -> Int {
        let key = BSON.text(id.description)
        guard !findings.isEmpty, let scan = try await first(MongoLayout.scans, ["scan_id": key]),
            let created = scan["created_at"]
        else { return 0 }
        let updates = findings.map { finding -> BSON in
            var document = finding.document
            document["scan_id"] = key
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
                in: MongoLayout.code, tolerating: 11000)
        }
        var new = SeverityCounts()
        for place in reply["upserted"]?.array ?? [] {
            guard let index = place.document?["index"]?.int, findings.indices.contains(Int(index)) else { continue }
            new[findings[Int(index)].severity] += 1
        }
        guard new.total > 0 else { return 0 }
        // A crash before this line leaves the counts short; `finish` counts what is there.
        let steps = Severity.allCases.map { (name: "counts.\($0.rawValue)", value: BSON.int(Int64(new[$0]))) }
        _ = try await update(MongoLayout.scans, ["scan_id": key], ["$inc": .document(BSONDocument(steps))])
        return new.total
    }

    package func findings(of id: ScanID, after position: FindingPosition?, limit: Int) async throws
        -> Page<Finding, FindingPosition>
    {
        var filter: BSONDocument = ["scan_id": .text(id.description)]
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
        let found = try await find(
            MongoLayout.findings, filter, sort: ["severity": -1, "path": 1, "line": 1, "fingerprint": 1],
            limit: limit + 1)
        return Page(found.compactMap(Finding.init), limit: limit, position: FindingPosition.init)
    }

    /// MongoDB's own retention does the same about once a minute; here it is done when somebody asks.
    package func expire() async throws -> Int {
        let old: BSONDocument = [
            "created_at": ["$lt": .date(clock.now() - retention)], "finished_at": ["$exists": true],
        ]
        var removed = 0
        while true {
            let ids = try await find(MongoLayout.scans, old, sort: ["created_at": 1], limit: Self.expiryBatch)
                .compactMap { $0["scan_id"] }
            if ids.isEmpty { return removed }
            _ = try await delete(MongoLayout.findings, ["scan_id": ["$in": .array(ids)]])
            removed += try await delete(MongoLayout.scans, ["scan_id": ["$in": .array(ids)]])
        }
    }

    // MARK: Inside

    /// The counts as fields to set, from the findings that are there.
    private func counts(of id: ScanID) async throws -> BSONDocument {
        let reply = try await translating {
            try await client.run(
                [
                    "aggregate": .text(MongoLayout.findings),
                    "pipeline": [
                        ["$match": ["scan_id": .text(id.description)]],
                        ["$group": ["_id": "$severity", "count": ["$sum": 1]]],
                    ],
                    "cursor": [:],
                ], in: MongoLayout.code)
        }
        var counts: [Severity: Int64] = [:]
        for group in reply.firstBatch {
            guard let rank = group["_id"]?.int, let severity = Severity(rank: Int(rank)) else { continue }
            counts[severity] = group["count"]?.int
        }
        return BSONDocument(Severity.allCases.map { ("counts.\($0.rawValue)", .int(counts[$0] ?? 0)) })
    }
}

extension BSONDocument {
    var firstBatch: [BSONDocument] {
        self["cursor"]?.document?["firstBatch"]?.array?.compactMap(\.document) ?? []
    }
}
