import CoreTypes
import Foundation
import Scanning
import SystemPackage
import Testing

@testable import Platform

@Suite("Migrations of a SQLite file")
struct DatabaseMigratorTests {
    private struct Wrong: Error {}

    private static func names(_ database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations ORDER BY identifier")
    }

    @Test("run once each, in order, and the one that fails leaves nothing")
    func order() throws {
        let database = try Database(path: ":memory:", patience: .zero)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: "CREATE TABLE a (n); INSERT INTO a VALUES (1)") }
        migrator.registerMigration("2") { try $0.execute(sql: "UPDATE a SET n = n + 1") }
        try migrator.migrate(database)
        try migrator.migrate(database)
        #expect(try Int.fetchOne(database, sql: "SELECT n FROM a") == 2)
        migrator.registerMigration("3") {
            try $0.execute(sql: "UPDATE a SET n = 9")
            throw Wrong()
        }
        #expect(throws: Wrong.self) { try migrator.migrate(database) }
        #expect(try Int.fetchOne(database, sql: "SELECT n FROM a") == 2)
        #expect(try Self.names(database) == ["1", "2"])
    }

    @Test("may rebuild a table that others refer to, and may not break a reference")
    func references() throws {
        let database = try Database(path: ":memory:", patience: .zero)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") {
            try $0.execute(
                sql: """
                    CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);
                    CREATE TABLE b (a INTEGER REFERENCES a ON DELETE CASCADE); INSERT INTO b VALUES (1);
                    """)
        }
        migrator.registerMigration("2") {
            try $0.execute(
                sql: """
                    CREATE TABLE new_a (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO new_a (id) SELECT id FROM a;
                    DROP TABLE a; ALTER TABLE new_a RENAME TO a;
                    """)
        }
        try migrator.migrate(database)
        #expect(try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM b") == 1)
        migrator.registerMigration("3") { try $0.execute(sql: "DELETE FROM a") }
        #expect(throws: DatabaseError.self) { try migrator.migrate(database) }
        #expect(try Self.names(database) == ["1", "2"])
    }

    /// The files of a data folder after setup and one scan, as a program of the time before left them: it used GRDB.
    private static func left(in folder: ScratchFolder) throws -> DataFolder {
        let fixtures = FilePath(#filePath).removingLastComponent().appending("LeftByGRDB")
        for name in ["store", "queue", "traffic"] {
            try FileManager.default.copyItem(
                atPath: fixtures.appending("\(name).sqlite").string, toPath: "\(folder.path)/\(name).sqlite")
        }
        return DataFolder(path: FilePath(folder.path))
    }

    @Test("files that GRDB left are opened with all that is in them, and get only the tables that came since")
    func leftByGRDB() async throws {
        let folder = try ScratchFolder()
        let data = try Self.left(in: folder)
        let time = TestTime()
        for _ in 0..<2 {
            let store = try SQLiteStore(data.store, retention: .seconds(1), clock: time.clock)
            #expect(try await store.setupState() == SetupState(isComplete: true, hasAdministrator: true))
            let user = try #require(try await store.user(named: "admin"))
            let scans = try await store.scans(of: user.id, matching: ScanFilter(), after: nil, limit: 10).items
            #expect(scans.map(\.fileName) == ["a.zip"])
            #expect(scans.map(\.status) == [.completed])
            let id = try #require(scans.first?.id)
            #expect(try await store.findings(of: id, after: nil, limit: 10).items.map(\.rule) == ["aws-access-key-id"])
        }
        let queue = try SQLiteQueue(data.queue, time: time.clock, clock: ManualClock())
        #expect(try await queue.counts(of: .scan).waiting == 0)
        try await queue.add(Job(scan: .random()), to: .scan)
        #expect(try await queue.claim(from: .scan, by: "e") != nil)
        _ = try SQLiteLedger(data.traffic, time: time.clock)
        for (path, names) in [
            (
                data.store,
                [
                    "1: users, scans, findings", "2: API keys", "3: kinds and scanners", "4: webhooks",
                    "5: cloud accounts",
                ]
            ),
            (data.queue, ["1: jobs"]), (data.traffic, ["1: rates, failures"]),
        ] {
            #expect(try Self.names(Database(path: path.string, patience: .seconds(1))) == names)
        }
    }

    @Test("a newer program's file is opened as it is")
    func newer() throws {
        let database = try Database(path: ":memory:", patience: .zero)
        try SQLiteSchema.queue.migrate(database)
        try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES (?)", arguments: ["9: of tomorrow"])
        try SQLiteSchema.queue.migrate(database)
        #expect(try Self.names(database) == ["1: jobs", "9: of tomorrow"])
    }
}
