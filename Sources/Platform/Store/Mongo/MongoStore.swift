package import CoreTypes
import Scanning

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
            _ = try await client.read(["ping": 1], in: MongoLayout.code)
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

    // Each kind has its database; an id does not say which. Nearly all scans are in the first one that is asked.

    package func create(_ scan: Scan) async throws {
        try await insert(MongoLayout.scans, scan.document, in: MongoLayout.database(of: scan.kind))
    }

    package func scan(_ id: ScanID) async throws -> Scan? {
        for database in MongoLayout.databases {
            if let found = try await first(MongoLayout.scans, Self.key(id), in: database) { return Scan(found) }
        }
        return nil
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
        var found: [Scan] = []
        for database in wanted.kind.map({ [MongoLayout.database(of: $0)] }) ?? MongoLayout.databases {
            found += try await find(
                MongoLayout.scans, filter, sort: ["created_at": -1, "scan_id": -1], limit: limit + 1, in: database
            ).compactMap(Scan.init)
        }
        found.sort { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
        return Page(found, limit: limit, position: ScanPosition.init)
    }

    package func queuedScans(before moment: Timestamp, limit: Int) async throws -> [ScanID] {
        var found: [Scan] = []
        for database in MongoLayout.databases {
            found += try await find(
                MongoLayout.scans, ["status": "queued", "created_at": ["$lt": .date(moment)]],
                sort: ["created_at": 1], limit: limit, in: database
            ).compactMap(Scan.init)
        }
        return found.sorted { $0.createdAt < $1.createdAt }.prefix(limit).map(\.id)
    }

    package func advance(_ id: ScanID, to progress: Int) async throws {
        try await change(
            Self.openScan(id),
            [
                "$set": ["status": "running"], "$max": ["progress": .int(Int64(min(progress, 99)))],
                "$min": ["started_at": .date(clock.now())],
            ])
    }

    package func note(_ scanner: String, _ status: ScanStatus, because reason: String?, in id: ScanID) async throws {
        let now = BSON.date(clock.now())
        var set: BSONDocument = ["jobs.\(scanner).status": .text(status.rawValue)]
        var unset: BSONDocument = [:]
        set["jobs.\(scanner).reason"] = reason.map { .text($0) }
        if reason == nil { unset["jobs.\(scanner).reason"] = "" }
        if status.isOpen { unset["jobs.\(scanner).finished_at"] = "" } else { set["jobs.\(scanner).finished_at"] = now }
        var change: BSONDocument = ["$set": .document(set)]
        if !unset.fields.isEmpty { change["$unset"] = .document(unset) }
        if status != .queued { change["$min"] = ["jobs.\(scanner).started_at": now] }
        try await self.change(Self.key(id), change)
    }

    @discardableResult
    package func finish(_ id: ScanID, as outcome: ScanOutcome) async throws -> Bool {
        for database in MongoLayout.databases {
            guard try await first(MongoLayout.scans, Self.openScan(id), in: database) != nil else { continue }
            let now = BSON.date(clock.now())
            var changes = try await counts(of: id, in: database)
            changes["status"] = .text(outcome.status.rawValue)
            changes["progress"] = 100
            changes["finished_at"] = now
            changes["reason"] = outcome.reason.map { .text($0) }
            changes["totals"] = outcome.totals.map { .document($0.document) }
            let isFirst =
                try await update(
                    MongoLayout.scans, Self.openScan(id), ["$set": .document(changes), "$min": ["started_at": now]],
                    in: database) == 1
            // Whoever cancels a scan does not wait for its scanner: what it added since the first look counts as well.
            if isFirst { try await settle(id, in: database) }
            return isFirst
        }
        return false
    }

    /// The findings first: a crash in between leaves a scan that can be removed again.
    @discardableResult
    package func remove(_ id: ScanID) async throws -> Bool {
        for database in MongoLayout.databases {
            guard try await first(MongoLayout.scans, Self.key(id), in: database) != nil else { continue }
            _ = try await delete(MongoLayout.findings, Self.key(id), in: database)
            let isRemoved = try await delete(MongoLayout.scans, Self.key(id), in: database) == 1
            // Those that a scanner added in between.
            _ = try await delete(MongoLayout.findings, Self.key(id), in: database)
            return isRemoved
        }
        return false
    }

    /// MongoDB's own retention does the same about once a minute; here it is done when somebody asks.
    package func expire() async throws -> Int {
        let old: BSONDocument = [
            "created_at": ["$lt": .date(clock.now() - retention)], "finished_at": ["$exists": true],
        ]
        _ = try await delete(MongoLayout.deliveries, ["created_at": ["$lt": .date(clock.now() - retention)]])
        var removed = 0
        for database in MongoLayout.databases {
            while true {
                let ids = try await find(
                    MongoLayout.scans, old, sort: ["created_at": 1], limit: Self.expiryBatch, in: database
                ).compactMap { $0["scan_id"] }
                if ids.isEmpty { break }
                _ = try await delete(MongoLayout.findings, ["scan_id": ["$in": .array(ids)]], in: database)
                removed += try await delete(MongoLayout.scans, ["scan_id": ["$in": .array(ids)]], in: database)
            }
        }
        return removed
    }

    // MARK: Inside

    static func key(_ id: ScanID) -> BSONDocument { ["scan_id": .text(id.description)] }

    static func openScan(_ id: ScanID) -> BSONDocument { ["scan_id": .text(id.description), "status": open] }

    /// Changes the scan in whichever database it is.
    private func change(_ filter: BSONDocument, _ change: BSONDocument) async throws {
        for database in MongoLayout.databases
        where try await update(MongoLayout.scans, filter, change, in: database) > 0 {
            return
        }
    }
}

extension BSONDocument {
    var firstBatch: [BSONDocument] {
        self["cursor"]?.document?["firstBatch"]?.array?.compactMap(\.document) ?? []
    }
}
