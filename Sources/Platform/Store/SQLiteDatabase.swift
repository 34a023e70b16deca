import CoreTypes
import GRDB
import Glibc
import SystemPackage

/// A database file that several processes share: write-ahead log, busy timeout, full durability.
struct SQLiteDatabase: Sendable {
    private let pool: DatabasePool

    /// Opens the file, creating and migrating it under a lock: two programs start at the same moment as a rule.
    ///
    /// What is not durable may lose its last changes in a power cut, and is never damaged by one.
    init(_ path: FilePath, migrator: DatabaseMigrator, isDurable: Bool = true) throws(OperatorError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 3
        configuration.prepareDatabase { database in
            // A scan that was answered with 202 survives a power cut, not only a kill.
            let level = isDurable ? "FULL" : "NORMAL"
            try database.execute(sql: "PRAGMA synchronous = \(level); PRAGMA cache_size = -512")
        }
        do {
            let lock = try FileDescriptor.open(
                path.removingLastComponent().appending(".migrate"), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite])
            pool = try lock.closeAfter {
                guard flock(lock.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
                let pool = try DatabasePool(path: path.string, configuration: configuration)
                try migrator.migrate(pool)
                return pool
            }
        } catch {
            throw OperatorError(
                doing: "open the database \(path)", because: Self.sentence(error),
                next: "the file was kept; look at it, or move it aside to start empty", cause: error)
        }
    }

    func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await Self.translating { try await pool.read(work) }
    }

    /// One immediate transaction: all of it or nothing.
    func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await Self.translating { try await pool.write(work) }
    }

    /// GRDB's errors stay in this file; `Unavailable` carries no SQL arguments.
    private static func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as DatabaseError {
            if error.resultCode == .SQLITE_FULL { throw SQLiteFailure.full }
            throw SQLiteFailure.unavailable(sentence(error))
        }
    }

    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return (error.message ?? "SQLite gives no reason") + " (code \(error.extendedResultCode.rawValue))"
    }
}

/// What the database refused, without SQL and arguments.
enum SQLiteFailure: Error {
    case full
    case unavailable(String)
}
