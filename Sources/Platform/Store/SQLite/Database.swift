import CSQLite

/// One connection to a database file, used by one thread at a time.
///
/// A statement throws `CancellationError` in a task that is cancelled before or while it runs.
final class Database {
    /// How often a running statement asks whether its task was cancelled, in SQLite's instructions: some 0.1 ms.
    private static let interruptionInterval: Int32 = 10_000

    private let handle: OpaquePointer
    /// By their SQL, which is written in this program: some dozens, so none is ever dropped.
    private var statements: [String: Statement] = [:]

    /// Opens the file, or creates it. Foreign keys are enforced.
    ///
    /// `patience` is how long a statement waits for the lock of another connection or program before `SQLITE_BUSY`.
    init(path: String, patience: Duration) throws {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            defer { sqlite3_close_v2(opened) }
            throw DatabaseError(code: code, on: opened)
        }
        handle = opened
        sqlite3_busy_timeout(handle, Int32(patience / .milliseconds(1)))
        guard csqlite_refuse_quoted_text(handle) == SQLITE_OK else {
            throw DatabaseError(code: SQLITE_MISUSE, on: handle)
        }
        try execute(sql: "PRAGMA foreign_keys = ON")
    }

    deinit {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Switches the file to a write-ahead log, for all who open it from then on.
    func keepWriteAheadLog() throws {
        guard try String.fetchOne(self, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw DatabaseError(code: SQLITE_CANTOPEN, message: "a write-ahead log is not possible here")
        }
    }

    /// Runs a script: statements without placeholders.
    func execute(sql script: String) throws {
        try Statement.each(of: script, on: handle) { try $0.execute() }
    }

    /// Runs one statement to its end.
    func execute(sql: String, arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// The rows that the last INSERT, UPDATE or DELETE changed, without those that a foreign key's action changed.
    var changesCount: Int { Int(sqlite3_changes(handle)) }

    /// A statement that is prepared once for this connection.
    func cachedStatement(sql: String) throws -> Statement {
        if let statement = statements[sql] { return statement }
        try Statement.each(of: sql, on: handle, flags: SQLITE_PREPARE_PERSISTENT) { statement in
            guard statements.updateValue(statement, forKey: sql) == nil else {
                throw DatabaseError(code: SQLITE_MISUSE, message: "a script was given where one statement belongs")
            }
        }
        guard let statement = statements[sql] else {
            throw DatabaseError(code: SQLITE_MISUSE, message: "no statement was given")
        }
        return statement
    }

    /// How a transaction begins: `immediate` takes the write lock, and waits for it; one that first reads and then
    /// wants to write can be refused at once, because somebody else wrote in between.
    enum TransactionKind: String {
        case deferred = "BEGIN DEFERRED"
        case immediate = "BEGIN IMMEDIATE"
    }

    /// All of `work` or nothing: whatever it throws undoes it, and so does its task's cancellation until the commit
    /// begins.
    func inTransaction<Value>(_ kind: TransactionKind, _ work: () throws -> Value) throws -> Value {
        try execute(sql: kind.rawValue, arguments: [])
        do {
            let value = try interruptible(work)
            try execute(sql: "COMMIT", arguments: [])
            return value
        } catch {
            // A full disk and some other failures have undone it already. The first error is the one to tell.
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    /// SQLite asks in the thread that runs the statement, so that it is the current task of which it learns.
    private func interruptible<Value>(_ work: () throws -> Value) throws -> Value {
        sqlite3_progress_handler(handle, Self.interruptionInterval, { _ in Task.isCancelled ? 1 : 0 }, nil)
        defer { sqlite3_progress_handler(handle, 0, nil, nil) }
        return try work()
    }
}
