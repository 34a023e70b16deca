import CSQLite
import SystemPackage
import Testing

@testable import Platform

@Suite("A connection to SQLite")
struct DatabaseTests {
    private static func memory() throws -> Database { try Database(path: ":memory:", patience: .zero) }

    @Test(
        "gives back every value as it was bound",
        arguments: [
            .null, .integer(0), .integer(.min), .integer(.max), .integer(1 << 40), .real(-0.1), .real(.infinity),
            .text(""), .text("naïve 'quoted' \"text\" -- ; 🦆"), .text("before\0after"), .blob([]),
            .blob([0, 255, 0, 39]),
        ] as [DatabaseValue])
    func roundTrip(value: DatabaseValue) throws {
        let database = try Self.memory()
        try database.execute(sql: "CREATE TABLE cells (cell)")
        let insert = try database.cachedStatement(sql: "INSERT INTO cells (cell) VALUES (?)")
        try insert.execute(arguments: [Bound(databaseValue: value)])
        #expect(try Row.fetchAll(database, sql: "SELECT cell FROM cells").map(\.values) == [[value]])
    }

    private struct Bound: DatabaseValueConvertible {
        let databaseValue: DatabaseValue
        init(databaseValue value: DatabaseValue) { databaseValue = value }
    }

    @Test("has a Swift value for each class of cell, and nil for NULL")
    func types() throws {
        let row = try #require(
            try Row.fetchOne(
                Self.memory(), sql: "SELECT ? AS i, ? AS l, ? AS b, ? AS d, ? AS t, ? AS x, ? AS n",
                arguments: [7, Int64.max, true, 0.5, "text", [1, 2] as [UInt8], nil]))
        #expect(row["i"] == 7)
        #expect(row["l"] == Int64.max)
        #expect(row["b"] == true)
        #expect(row["d"] == 0.5)
        #expect(row["t"] == "text")
        #expect(row["x"] == [1, 2] as [UInt8])
        #expect(row["n"] as String? == nil)
    }

    @Test("a single value is nil where there is no row, and for NULL")
    func single() throws {
        let database = try Self.memory()
        #expect(try Int.fetchOne(database, sql: "SELECT 1 WHERE 0") == nil)
        #expect(try Int.fetchOne(database, sql: "SELECT NULL") == nil)
        #expect(try String.fetchAll(database, sql: "SELECT 'a' UNION ALL SELECT 'b'") == ["a", "b"])
    }

    @Test("what is bound is a value, whatever it looks like")
    func hostile() throws {
        let database = try Self.memory()
        try database.execute(sql: "CREATE TABLE names (name TEXT)")
        let text = "x'); DROP TABLE names; --"
        try database.execute(sql: "INSERT INTO names (name) VALUES (?)", arguments: [text])
        #expect(
            try String.fetchAll(database, sql: "SELECT name FROM names WHERE name = ?", arguments: [text]) == [text])
    }

    @Test("a value too many or too few, and a second statement, are refused before anything runs")
    func miscounted() throws {
        let database = try Self.memory()
        try database.execute(sql: "CREATE TABLE pairs (a, b)")
        for arguments in [[1], [1, 2, 3]] as [StatementArguments] {
            let error = #expect(throws: DatabaseError.self) {
                try database.execute(sql: "INSERT INTO pairs (a, b) VALUES (?, ?)", arguments: arguments)
            }
            #expect(error?.resultCode == SQLITE_RANGE)
        }
        #expect(throws: DatabaseError.self) {
            try database.execute(sql: "DELETE FROM pairs; DELETE FROM pairs", arguments: [])
        }
        #expect(try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM pairs") == 0)
    }

    @Test("an error has SQLite's code and sentence, and none of the values")
    func errors() throws {
        let database = try Self.memory()
        try database.execute(sql: "CREATE TABLE users (name TEXT UNIQUE)")
        let insert = "INSERT INTO users (name) VALUES (?)"
        try database.execute(sql: insert, arguments: ["a-secret"])
        let error = #expect(throws: DatabaseError.self) { try database.execute(sql: insert, arguments: ["a-secret"]) }
        #expect(error?.resultCode == SQLITE_CONSTRAINT)
        #expect(error.map { "\($0)" } == "UNIQUE constraint failed: users.name (code 2067)")
        // The statement that failed is as good as new.
        try database.execute(sql: insert, arguments: ["another"])
        #expect(database.changesCount == 1)
    }

    @Test("double quotes are for names: a misspelt column is an error")
    func quotes() throws {
        let database = try Self.memory()
        #expect(throws: DatabaseError.self) { try Row.fetchOne(database, sql: #"SELECT "no such column""#) }
    }

    @Test("foreign keys are enforced")
    func foreignKeys() throws {
        let database = try Self.memory()
        try database.execute(
            sql: "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a ON DELETE CASCADE);")
        #expect(throws: DatabaseError.self) {
            try database.execute(sql: "INSERT INTO b (a) VALUES (?)", arguments: [1])
        }
    }

    @Test("a statement is prepared once, and follows a table that another connection changed")
    func cache() throws {
        let folder = try ScratchFolder()
        let first = try Database(path: folder.path + "/a.sqlite", patience: .zero)
        try first.execute(sql: "CREATE TABLE cells (a); INSERT INTO cells VALUES (1)")
        let sql = "SELECT * FROM cells"
        #expect(try Row.fetchOne(first, sql: sql)?.columns.names == ["a"])
        #expect(try first.cachedStatement(sql: sql) === first.cachedStatement(sql: sql))
        let second = try Database(path: folder.path + "/a.sqlite", patience: .zero)
        try second.execute(sql: "ALTER TABLE cells ADD COLUMN b DEFAULT 2")
        #expect(try Row.fetchOne(first, sql: sql)?.columns.names == ["a", "b"])
    }
}
