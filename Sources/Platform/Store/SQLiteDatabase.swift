import CSQLite
import CoreTypes
import Glibc
import SystemPackage

/// A database file that several processes share: write-ahead log, busy timeout, full durability.
///
/// One connection writes. Three read, so that a long list holds up neither a sign-in nor a health check, and with a
/// write-ahead log they and the writer do not wait for each other. A cancelled read or write ends, is undone, and
/// throws `CancellationError`.
struct SQLiteDatabase: Sendable {
    private static let readerCount = 3

    private let path: FilePath
    private let writer: DatabaseConnection
    private let readers: [DatabaseConnection]

    /// Opens the file, creating and migrating it under a lock: two programs start at the same moment as a rule.
    ///
    /// What is not durable may lose its last changes in a power cut, and is never damaged by one. `patience` is how
    /// long a change waits for another program's.
    init(
        _ path: FilePath, migrator: DatabaseMigrator, isDurable: Bool = true, patience: Duration = .seconds(10)
    ) throws(OperatorError) {
        // A scan that was answered with 202 survives a power cut, not only a kill.
        let settings = "PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL"); PRAGMA cache_size = -512;"
        let open = { @Sendable (more: String) throws in
            let database = try Database(path: path.string, patience: patience)
            try database.execute(sql: settings + more)
            return database
        }
        do {
            let lock = try FileDescriptor.open(
                path.removingLastComponent().appending(".migrate"), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite])
            try lock.closeAfter {
                guard flock(lock.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
                let database = try open("")
                try database.keepWriteAheadLog()
                try migrator.migrate(database)
            }
        } catch {
            throw OperatorError(
                doing: "open the database \(path)", because: "\(error)",
                next: "the file was kept; look at it, or move it aside to start empty", cause: error)
        }
        self.path = path
        writer = DatabaseConnection { try open("") }
        // Not opened read-only: whoever closes a file last tidies its log away, and that may be a reader.
        readers = (0..<Self.readerCount).map { _ in DatabaseConnection { try open("PRAGMA query_only = ON") } }
    }

    func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        let idlest = readers.min { $0.load < $1.load }!
        return try await translating { try await idlest.transaction(.deferred, work) }
    }

    /// One immediate transaction: all of it or nothing.
    func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await translating { try await writer.transaction(.immediate, work) }
    }

    /// SQLite's errors stay in this file; `Unavailable` carries no SQL arguments.
    private func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as DatabaseError {
            if error.resultCode == SQLITE_FULL { throw SQLiteFailure.full }
            throw SQLiteFailure.unavailable("\(path.lastComponent?.string ?? ""): \(error)")
        }
    }
}

/// What the database refused, without SQL and arguments.
enum SQLiteFailure: Error {
    case full
    case unavailable(String)
}
