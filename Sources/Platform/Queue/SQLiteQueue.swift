package import CoreTypes
package import SystemPackage

/// The embedded queue: one SQLite file. `visible_at` is both the delay of a waiting job and the end of a held one's
/// lease, so that a dead consumer's job needs nobody to notice: it is visible again when its time is over.
package struct SQLiteQueue: JobQueue {
    /// The dead letters that are kept, newest first.
    private static let deadLetters = 1000

    package let lease: Duration
    private let database: SQLiteDatabase
    private let time: WallClock
    private let clock: any Clock<Duration>
    private let poll: Duration

    package init(
        _ path: FilePath, lease: Duration = .seconds(15), poll: Duration = .milliseconds(200), time: WallClock,
        clock: any Clock<Duration>
    ) throws(OperatorError) {
        database = try SQLiteDatabase(path, migrator: SQLiteSchema.queue)
        self.lease = lease
        self.poll = poll
        self.time = time
        self.clock = clock
    }

    package func ping() async throws {
        try await read { _ = try Int.fetchOne($0, sql: "SELECT 1 FROM jobs LIMIT 1") }
    }

    @discardableResult
    package func add(_ job: Job, to topic: Topic) async throws -> Bool {
        let now = time.now()
        return try await write { try Self.insert(job, topic: topic, at: now, into: $0) }
    }

    package func claim(from topic: Topic, by consumer: String) async throws -> Delivery? {
        // A look without the write lock first: idle consumers must not make each other wait.
        guard try await hasVisibleJob(in: topic) else { return nil }
        let now = time.now()
        let lease = lease
        return try await write { database in
            let receipt = hexadecimal(Random.bytes(12))
            let row = try Row.fetchOne(
                database,
                sql: """
                    UPDATE jobs SET receipt = ?, consumer = ?, attempts = attempts + 1, visible_at = ?
                    WHERE number = (SELECT number FROM jobs WHERE topic = ? AND visible_at <= ?
                                    ORDER BY number LIMIT 1)
                    RETURNING id, payload, attempts
                    """,
                arguments: [receipt, consumer, (now + lease).milliseconds, topic.rawValue, now.milliseconds])
            guard let row, let scan = ScanID(row["id"] as String) else { return nil }
            return Delivery(
                job: Job(scan: scan, payload: row["payload"]), topic: topic, attempt: row["attempts"], receipt: receipt)
        }
    }

    package func waitForJob(in topic: Topic, atMost span: Duration) async throws {
        var left = span
        while left > .zero, !Task.isCancelled, try await !hasVisibleJob(in: topic) {
            do { try await clock.sleep(for: min(poll, left)) } catch { return }
            left -= poll
        }
    }

    package func extend(_ delivery: Delivery) async throws {
        let until = time.now() + lease
        try await changing(delivery, sql: "UPDATE jobs SET visible_at = ?", [until.milliseconds])
    }

    package func acknowledge(_ delivery: Delivery, successor: (job: Job, topic: Topic)?) async throws {
        let now = time.now()
        try await write { database in
            try Self.change(delivery, sql: "DELETE FROM jobs", [], in: database)
            if let successor { try Self.insert(successor.job, topic: successor.topic, at: now, into: database) }
        }
    }

    package func giveBack(_ delivery: Delivery, after delay: Duration, countingTry: Bool) async throws {
        let visible = time.now() + delay
        try await changing(
            delivery, sql: "UPDATE jobs SET receipt = NULL, consumer = NULL, visible_at = ?, attempts = attempts - ?",
            [visible.milliseconds, countingTry ? 0 : 1])
    }

    package func bury(_ delivery: Delivery, because reason: String) async throws {
        let now = time.now()
        try await write { database in
            try Self.change(delivery, sql: "DELETE FROM jobs", [], in: database)
            try database.execute(
                sql: """
                    INSERT INTO dead_jobs (topic, id, payload, attempts, reason, buried_at) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    delivery.topic.rawValue, delivery.job.scan.description, delivery.job.payload, delivery.attempt,
                    reason, now.milliseconds,
                ])
            try database.execute(
                sql: "DELETE FROM dead_jobs WHERE number <= (SELECT MAX(number) FROM dead_jobs) - ?",
                arguments: [Self.deadLetters])
        }
    }

    package func counts(of topic: Topic) async throws -> QueueCounts {
        let now = time.now()
        return try await read { database in
            func count(_ condition: String) throws -> Int {
                try Int.fetchOne(
                    database, sql: "SELECT COUNT(*) FROM \(condition)", arguments: [topic.rawValue, now.milliseconds])
                    ?? 0
            }
            return QueueCounts(
                waiting: try count("jobs WHERE topic = ? AND (receipt IS NULL OR visible_at <= ?)"),
                held: try count("jobs WHERE topic = ? AND receipt IS NOT NULL AND visible_at > ?"),
                dead: try count("dead_jobs WHERE topic = ? AND buried_at <= ?"))
        }
    }

    // MARK: Inside

    private func hasVisibleJob(in topic: Topic) async throws -> Bool {
        let now = time.now()
        return try await read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM jobs WHERE topic = ? AND visible_at <= ?)",
                arguments: [topic.rawValue, now.milliseconds]) ?? false
        }
    }

    @discardableResult
    private static func insert(_ job: Job, topic: Topic, at moment: Timestamp, into database: Database) throws -> Bool {
        try database.execute(
            sql: "INSERT INTO jobs (topic, id, payload, visible_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [topic.rawValue, job.scan.description, job.payload, moment.milliseconds])
        return database.changesCount == 1
    }

    private func changing(_ delivery: Delivery, sql: String, _ arguments: [Int64]) async throws {
        try await write { try Self.change(delivery, sql: sql, arguments, in: $0) }
    }

    /// Changes the job only while the receipt holds; a lease that ran out unclaimed still does.
    private static func change(
        _ delivery: Delivery, sql: String, _ arguments: [Int64], in database: Database
    ) throws {
        try database.execute(
            sql: sql + " WHERE topic = ? AND id = ? AND receipt = ?",
            arguments: StatementArguments(arguments)
                + [delivery.topic.rawValue, delivery.job.scan.description, delivery.receipt])
        guard database.changesCount == 1 else { throw QueueError.leaseLost }
    }

    private func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await translating { try await database.read(work) }
    }

    private func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await translating { try await database.write(work) }
    }

    private func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let failure as SQLiteFailure {
            switch failure {
            case .full: throw QueueError.full
            case .unavailable(let detail): throw QueueError.unavailable(detail)
            }
        }
    }
}
