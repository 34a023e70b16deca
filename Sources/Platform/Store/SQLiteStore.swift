package import CoreTypes
package import Scanning
package import SystemPackage

/// The embedded store: one SQLite file, shared by the API, the workers and the engine.
package struct SQLiteStore: ResultStore {
    private let database: SQLiteDatabase
    private let retention: Duration
    private let clock: WallClock

    package init(_ path: FilePath, retention: Duration, clock: WallClock) throws(OperatorError) {
        database = try SQLiteDatabase(path, migrator: SQLiteSchema.store)
        self.retention = retention
        self.clock = clock
    }

    @discardableResult
    package func ping() async throws -> StoreCondition {
        let indexes = try await read {
            try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'") ?? 0
        }
        return StoreCondition(indexes: indexes)
    }

    // MARK: Setup and users

    package func setupState() async throws -> SetupState {
        try await read { database in
            SetupState(
                isComplete: try Self.isSetUp(database),
                hasAdministrator: try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'administrator')") ?? false)
        }
    }

    package func putAdministrator(_ user: User) async throws {
        try await write { database in
            guard try !Self.isSetUp(database) else { throw StoreError.setupIsComplete }
            try database.execute(sql: "DELETE FROM users WHERE role = 'administrator'")
            try Self.insert(user, into: database)
        }
    }

    package func completeSetup(fallback: User?) async throws {
        let now = clock.now()
        try await write { database in
            guard try !Self.isSetUp(database) else { throw StoreError.setupIsComplete }
            let users = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM users") ?? 0
            if users == 0, let fallback { try Self.insert(fallback, into: database) }
            try database.execute(
                sql: "INSERT INTO setup (only, completed_at) VALUES (1, ?)", arguments: [now.milliseconds])
        }
    }

    package func user(named name: String) async throws -> User? {
        try await read {
            try Row.fetchOne($0, sql: "SELECT * FROM users WHERE name = ?", arguments: [name]).flatMap(User.init)
        }
    }

    package func user(id: String) async throws -> User? {
        try await read {
            try Row.fetchOne($0, sql: "SELECT * FROM users WHERE id = ?", arguments: [id]).flatMap(User.init)
        }
    }

    // MARK: Scans

    package func create(_ scan: Scan) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO scans
                        (scan_id, user_id, kind, file_name, upload_bytes, created_at, status, progress, target)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    scan.id.description, scan.userID, scan.kind.rawValue, scan.fileName, scan.uploadBytes,
                    scan.createdAt.milliseconds, scan.status.rawValue, scan.progress, try scan.target?.text(),
                ])
        }
    }

    package func scan(_ id: ScanID) async throws -> Scan? {
        try await read {
            try Row.fetchOne($0, sql: "SELECT * FROM scans WHERE scan_id = ?", arguments: [id.description])
                .flatMap(Scan.init)
        }
    }

    package func scans(of userID: String, matching filter: ScanFilter, after position: ScanPosition?, limit: Int)
        async throws -> Page<Scan, ScanPosition>
    {
        // The name of a column, from an enum of ours: never a client's text.
        let found = filter.severity.map { "AND \($0.rawValue) > 0" } ?? ""
        let scans = try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM scans WHERE user_id = ?1 AND (created_at, scan_id) < (?2, ?3)
                        AND (?4 IS NULL OR status = ?4) AND created_at >= ?5 AND created_at < ?6 \(found)
                        AND (?7 IS NULL OR kind = ?7)
                    ORDER BY created_at DESC, scan_id DESC LIMIT ?8
                    """,
                arguments: [
                    userID, position?.createdAt.milliseconds ?? .max, position?.id.description ?? "",
                    filter.status?.rawValue, filter.createdSince?.milliseconds ?? .min,
                    filter.createdBefore?.milliseconds ?? .max, filter.kind?.rawValue, limit + 1,
                ]
            ).compactMap(Scan.init)
        }
        return Page(scans, limit: limit, position: ScanPosition.init)
    }

    package func queuedScans(before moment: Timestamp, limit: Int) async throws -> [ScanID] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT scan_id FROM scans WHERE status = 'queued' AND created_at < ? ORDER BY created_at LIMIT ?
                    """,
                arguments: [moment.milliseconds, limit]
            ).compactMap { ScanID($0) }
        }
    }

    package func advance(_ id: ScanID, to progress: Int) async throws {
        let now = clock.now()
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE scans SET status = 'running', progress = MAX(progress, MIN(?, 99)),
                        started_at = COALESCE(started_at, ?)
                    WHERE scan_id = ? AND status IN ('queued', 'running')
                    """,
                arguments: [progress, now.milliseconds, id.description])
        }
    }

    package func note(_ scanner: String, _ status: ScanStatus, because reason: String?, in id: ScanID) async throws {
        let now = clock.now()
        try await write { database in
            let text = try String.fetchOne(
                database, sql: "SELECT jobs FROM scans WHERE scan_id = ?", arguments: [id.description])
            guard let text else { return }
            var jobs = ScannerJob.list(text) ?? []
            var job = jobs.first { $0.scanner == scanner } ?? ScannerJob(scanner: scanner)
            job.became(status, because: reason, at: now)
            jobs = (jobs.filter { $0.scanner != scanner } + [job]).sorted { $0.scanner < $1.scanner }
            try database.execute(
                sql: "UPDATE scans SET jobs = ? WHERE scan_id = ?",
                arguments: [try ScannerJob.text(jobs), id.description])
        }
    }

    @discardableResult
    package func finish(_ id: ScanID, as outcome: ScanOutcome) async throws -> Bool {
        let now = clock.now()
        return try await write { database in
            try database.execute(
                sql: """
                    UPDATE scans SET status = ?, reason = ?, files = ?, bytes = ?, skipped = ?, progress = 100,
                        started_at = COALESCE(started_at, ?), finished_at = ?
                    WHERE scan_id = ? AND status IN ('queued', 'running')
                    """,
                arguments: [
                    outcome.status.rawValue, outcome.reason, outcome.totals?.files, outcome.totals?.bytes,
                    outcome.totals?.skipped, now.milliseconds, now.milliseconds, id.description,
                ])
            return database.changesCount == 1
        }
    }

    @discardableResult
    package func remove(_ id: ScanID) async throws -> Bool {
        try await write { database in
            try database.execute(sql: "DELETE FROM scans WHERE scan_id = ?", arguments: [id.description])
            return database.changesCount == 1
        }
    }

    // MARK: Findings

    @discardableResult
    package func add(_ findings: [Finding], to id: ScanID) async throws -> Int {
        try await write { database in
            var new = SeverityCounts()
            let insert = try database.cachedStatement(
                sql: """
                    INSERT INTO findings
                        (scan_id, fingerprint, severity, path, line, "column", rule, title, excerpt)
                    SELECT scan_id, ?, ?, ?, ?, ?, ?, ?, ? FROM scans
                        WHERE scan_id = ? AND status IN ('queued', 'running')
                    ON CONFLICT DO NOTHING
                    """)
            for finding in findings {
                try insert.execute(arguments: [
                    finding.fingerprint, finding.severity.rank, finding.path, finding.line, finding.column,
                    finding.rule, finding.title, finding.excerpt, id.description,
                ])
                new[finding.severity] += database.changesCount
            }
            // In the same transaction as the rows: a repeated job cannot count a finding twice.
            try database.execute(
                sql: """
                    UPDATE scans SET info = info + ?, low = low + ?, medium = medium + ?, high = high + ?,
                        critical = critical + ? WHERE scan_id = ?
                    """,
                arguments: [new[.info], new[.low], new[.medium], new[.high], new[.critical], id.description])
            return new.total
        }
    }

    package func findings(of id: ScanID, after position: FindingPosition?, limit: Int) async throws
        -> Page<Finding, FindingPosition>
    {
        let findings = try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM findings WHERE scan_id = ?1 AND severity <= ?2
                        AND (severity < ?2 OR (path, line, fingerprint) > (?3, ?4, ?5))
                    ORDER BY severity DESC, path, line, fingerprint LIMIT ?6
                    """,
                arguments: [
                    id.description, position?.severity.rank ?? .max, position?.path ?? "", position?.line ?? -1,
                    position?.fingerprint ?? "", limit + 1,
                ]
            ).compactMap(Finding.init)
        }
        return Page(findings, limit: limit, position: FindingPosition.init)
    }

    package func expire() async throws -> Int {
        let oldest = clock.now() - retention
        return try await write { database in
            try database.execute(
                sql: "DELETE FROM scans WHERE created_at < ? AND status NOT IN ('queued', 'running')",
                arguments: [oldest.milliseconds])
            let count = database.changesCount
            try database.execute(
                sql: "DELETE FROM webhook_deliveries WHERE created_at < ?", arguments: [oldest.milliseconds])
            return count
        }
    }

    // MARK: Inside

    private static func isSetUp(_ database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM setup)") ?? false
    }

    private static func insert(_ user: User, into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO users (id, name, password, role, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                user.id, user.name, user.password.description, user.role.rawValue, user.createdAt.milliseconds,
            ])
    }

    func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await translating { try await database.read(work) }
    }

    func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await translating { try await database.write(work) }
    }

    private func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let failure as SQLiteFailure {
            switch failure {
            case .full: throw StoreError.full
            case .unavailable(let detail): throw StoreError.unavailable(detail)
            }
        }
    }
}
