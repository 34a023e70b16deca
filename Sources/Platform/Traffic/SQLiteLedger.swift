package import CoreTypes
package import SystemPackage

/// The embedded ledger: a SQLite file of its own, which need not survive a power cut.
package struct SQLiteLedger: TrafficLedger {
    private let database: SQLiteDatabase
    private let time: WallClock

    package init(_ path: FilePath, time: WallClock) throws(OperatorError) {
        database = try SQLiteDatabase(path, migrator: SQLiteSchema.traffic, isDurable: false)
        self.time = time
    }

    package func take(from caller: String, at rate: Rate) async throws -> Standing {
        let now = microseconds
        return try await write { database in
            try database.execute(sql: "DELETE FROM rates WHERE whole_at <= ?", arguments: [now])
            let whole = try Int64.fetchOne(
                database, sql: "SELECT whole_at FROM rates WHERE caller = ?", arguments: [caller])
            let used = max(0, (whole ?? 0) - now)
            guard used + rate.cost <= rate.window.wholeMicroseconds else {
                return rate.standing(used: used, isRefused: true)
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO rates (caller, whole_at) VALUES (?, ?)",
                arguments: [caller, now + used + rate.cost])
            return rate.standing(used: used + rate.cost, isRefused: false)
        }
    }

    package func attempt(_ attempts: [Attempt]) async throws -> Duration? {
        let now = microseconds
        return try await write { database in
            try database.execute(sql: "DELETE FROM failures WHERE forget_at <= ?", arguments: [now])
            var wait: Int64 = 0
            for attempt in attempts {
                let end = try Int64.fetchOne(
                    database, sql: "SELECT wait_until FROM failures WHERE caller = ?", arguments: [attempt.caller])
                wait = max(wait, (end ?? 0) - now)
            }
            guard wait <= 0 else { return .microseconds(wait) }
            for attempt in attempts {
                let number = try Int.fetchOne(
                    database,
                    sql: """
                        INSERT INTO failures (caller, failures, wait_until, forget_at) VALUES (?1, 1, 0, 0)
                        ON CONFLICT DO UPDATE SET failures = failures + 1 RETURNING failures
                        """, arguments: [attempt.caller])
                let pause = attempt.patience.wait(after: number ?? 1).wholeMicroseconds
                try database.execute(
                    sql: "UPDATE failures SET wait_until = ?, forget_at = ? WHERE caller = ?",
                    arguments: [
                        pause > 0 ? now + pause : 0, now + attempt.patience.memory.wholeMicroseconds, attempt.caller,
                    ])
            }
            return nil
        }
    }

    package func settle(forgetting: [String], returning: [String]) async throws {
        try await write { database in
            for caller in forgetting {
                try database.execute(sql: "DELETE FROM failures WHERE caller = ?", arguments: [caller])
            }
            for caller in returning {
                try database.execute(
                    sql: "UPDATE failures SET failures = failures - 1, wait_until = 0 WHERE caller = ?",
                    arguments: [caller])
                try database.execute(
                    sql: "DELETE FROM failures WHERE caller = ? AND failures < 1", arguments: [caller])
            }
        }
    }

    private var microseconds: Int64 { time.now().milliseconds * 1000 }

    private func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await database.write(work) } catch let failure as SQLiteFailure {
            switch failure {
            case .full: throw QueueError.unavailable("the disk of the traffic ledger is full")
            case .unavailable(let detail): throw QueueError.unavailable(detail)
            }
        }
    }
}
