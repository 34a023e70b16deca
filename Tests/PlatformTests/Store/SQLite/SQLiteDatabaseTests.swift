import CSQLite
import CoreTypes
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Platform

@Suite("A database file that is shared")
struct SQLiteDatabaseTests {
    private struct Wrong: Error {}

    static let counter: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("counter") {
            try $0.execute(sql: "CREATE TABLE counter (n INTEGER, filling BLOB); INSERT INTO counter (n) VALUES (0)")
        }
        return migrator
    }()

    private let folder: ScratchFolder
    private let path: FilePath
    private let database: SQLiteDatabase

    init() throws {
        folder = try ScratchFolder()
        path = FilePath(folder.path).appending("counter.sqlite")
        database = try SQLiteDatabase(path, migrator: Self.counter)
    }

    private func count(_ database: SQLiteDatabase) async throws -> Int? {
        try await database.read { try Int.fetchOne($0, sql: "SELECT SUM(n) FROM counter") }
    }

    @Test("a transaction that throws is undone, and the next one succeeds")
    func undone() async throws {
        await #expect(throws: Wrong.self) {
            try await database.write { database in
                try database.execute(sql: "UPDATE counter SET n = 7")
                throw Wrong()
            }
        }
        #expect(try await count(database) == 0)
        try await database.write { try $0.execute(sql: "UPDATE counter SET n = 1") }
        #expect(try await count(database) == 1)
    }

    @Test("a reader sees one state, cannot change it, and the writer does not wait for it")
    func readers() async throws {
        let (told, tell) = AsyncStream.makeStream(of: Void.self)
        // Blocks its own thread only: nothing else of this process stands still meanwhile.
        let gate = DispatchSemaphore(value: 0)
        async let seen = database.read { database in
            let before = try Int.fetchOne(database, sql: "SELECT n FROM counter")
            tell.yield()
            gate.wait()
            return [before, try Int.fetchOne(database, sql: "SELECT n FROM counter")]
        }
        _ = await told.first { true }
        try await database.write { try $0.execute(sql: "UPDATE counter SET n = 5") }
        #expect(try await count(database) == 5)
        gate.signal()
        #expect(try await seen == [0, 0])
        await #expect(throws: SQLiteFailure.self) {
            try await database.read { try $0.execute(sql: "UPDATE counter SET n = 9") }
        }
        #expect(try await count(database) == 5)
    }

    @Test("a cancelled write ends while its statement runs, and is undone")
    func cancelled() async throws {
        let (told, tell) = AsyncStream.makeStream(of: Void.self)
        let endless = Task { [database] in
            try await database.write { database in
                try database.execute(sql: "UPDATE counter SET n = 7")
                tell.yield()
                let sql = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT SUM(n > 0) FROM c"
                _ = try Int.fetchOne(database, sql: sql)
            }
        }
        _ = await told.first { true }
        endless.cancel()
        await #expect(throws: CancellationError.self) { try await endless.value }
        try await database.write { try $0.execute(sql: "UPDATE counter SET n = n + 1") }
        #expect(try await count(database) == 1)
    }

    @Test("what must survive a power cut is synchronized at each commit; what need not is not")
    func durability() async throws {
        let level: @Sendable (Database) throws -> Int? = { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(try await database.write(level) == 2)
        let ledger = FilePath(folder.path).appending("ledger.sqlite")
        #expect(try await SQLiteDatabase(ledger, migrator: Self.counter, isDurable: false).write(level) == 1)
    }

    @Test("a full disk is said to be full, undoes the change, and loses nothing that was there")
    func full() async throws {
        try await database.write { database in
            try database.execute(sql: "UPDATE counter SET n = 3")
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(pages + 1)")
        }
        let filling = [UInt8](repeating: 1, count: 100_000)
        await #expect(throws: SQLiteFailure.self) {
            try await database.write { database in
                try database.execute(sql: "UPDATE counter SET n = 4")
                try database.execute(sql: "INSERT INTO counter (n, filling) VALUES (?, ?)", arguments: [5, filling])
            }
        }
        #expect(try await count(database) == 3)
    }

    @Test("a file with flipped bytes is named, and neither changed nor deleted")
    func corrupt() async throws {
        try await database.write { database in
            for n in 0..<2000 { try database.execute(sql: "INSERT INTO counter (n) VALUES (?)", arguments: [n]) }
        }
        let broken = FilePath(folder.path).appending("broken.sqlite")
        let checkpoint = try Database(path: path.string, patience: .seconds(1))
        _ = try Row.fetchOne(checkpoint, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        var bytes = try Data(contentsOf: URL(filePath: path.string))
        for page in stride(from: 3 * 4096, to: bytes.count, by: 4096) { bytes[page] ^= 0xFF }
        try bytes.write(to: URL(filePath: broken.string))
        let error = await #expect(throws: SQLiteFailure.self) {
            _ = try await count(try SQLiteDatabase(broken, migrator: Self.counter))
        }
        guard case .unavailable(let sentence) = error else { throw Wrong() }
        #expect(sentence == "broken.sqlite: database disk image is malformed (code 11)")
        #expect(try Data(contentsOf: URL(filePath: broken.string)) == bytes)
    }
}
