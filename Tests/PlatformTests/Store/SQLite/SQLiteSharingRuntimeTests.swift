import CoreTypes
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Platform

@Suite("A database file between programs and on a full disk")
struct SQLiteSharingRuntimeTests {
    private let folder: ScratchFolder
    private let path: FilePath

    init() throws {
        folder = try ScratchFolder()
        path = FilePath(folder.path).appending("counter.sqlite")
    }

    private func open(_ path: FilePath, patience: Duration = .seconds(10)) throws -> SQLiteDatabase {
        try SQLiteDatabase(path, migrator: SQLiteDatabaseTests.counter, isDurable: false, patience: patience)
    }

    private func count(_ database: SQLiteDatabase) async throws -> Int? {
        try await database.read { try Int.fetchOne($0, sql: "SELECT n FROM counter") }
    }

    /// Another program, on SQLite without our code.
    private final class Other {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()

        init(_ path: FilePath, _ script: String) throws {
            process.executableURL = URL(filePath: "/usr/bin/python3")
            let opening = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)\n"
            process.arguments = ["-c", opening + script, path.string]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        /// The next of its lines, without the end.
        func says() -> String {
            String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
                .trimmingCharacters(in: .newlines)
        }

        func end() -> Int32 {
            input.fileHandleForWriting.closeFile()
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    @Test("changes of two programs wait for each other, and none is lost")
    func contended() async throws {
        let database = try open(path)
        let other = try Other(
            path,
            """
            print("begins", flush=True)
            for _ in range(300):
                db.execute("BEGIN IMMEDIATE")
                n = db.execute("SELECT n FROM counter").fetchone()[0]
                db.execute("UPDATE counter SET n = ?", (n + 1,))
                db.execute("COMMIT")
            """)
        #expect(other.says() == "begins")
        for _ in 0..<300 {
            try await database.write { database in
                let n = try Int.fetchOne(database, sql: "SELECT n FROM counter") ?? 0
                try database.execute(sql: "UPDATE counter SET n = ?", arguments: [n + 1])
            }
        }
        #expect(other.end() == 0)
        #expect(try await count(database) == 600)
    }

    @Test("while another program holds the lock we read, and a change fails when its patience is over")
    func held() async throws {
        let impatient = try open(path, patience: .zero)
        let other = try Other(
            path,
            """
            db.execute("BEGIN IMMEDIATE"); db.execute("UPDATE counter SET n = 7"); print("held", flush=True)
            sys.stdin.read(); db.execute("COMMIT")
            """)
        #expect(other.says() == "held")
        #expect(try await count(impatient) == 0)
        let error = await #expect(throws: SQLiteFailure.self) {
            try await impatient.write { try $0.execute(sql: "UPDATE counter SET n = n + 1") }
        }
        guard case .unavailable("counter.sqlite: database is locked (code 5)") = error else {
            Issue.record("it says \(String(describing: error))")
            return
        }
        #expect(other.end() == 0)
        try await impatient.write { try $0.execute(sql: "UPDATE counter SET n = n + 1") }
        #expect(try await count(impatient) == 8)
    }

    @Test(
        "a full disk is said to be full, loses nothing, and is written to again when there is room",
        .enabled(if: geteuid() == 0, "mounting a small file system needs root"))
    func fullDisk() async throws {
        let disk = FilePath(folder.path).appending("disk")
        mkdir(disk.string, 0o700)
        try #require(mount("none", disk.string, "tmpfs", 0, "size=512k") == 0, "errno \(errno)")
        defer { umount2(disk.string, CInt(MNT_DETACH)) }
        let database = try open(disk.appending("counter.sqlite"))
        let filling = [UInt8](repeating: 1, count: 20_000)
        let error = await #expect(throws: SQLiteFailure.self) {
            for _ in 0..<100 {
                try await database.write { database in
                    try database.execute(sql: "UPDATE counter SET n = n + 1")
                    try database.execute(sql: "INSERT INTO counter (filling) VALUES (?)", arguments: [filling])
                }
            }
        }
        guard case .full = error else {
            Issue.record("it says \(String(describing: error))")
            return
        }
        let written = try await database.read { database in
            [
                try Int.fetchOne(database, sql: "SELECT SUM(n) FROM counter"),
                try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM counter WHERE filling IS NOT NULL"),
            ]
        }
        #expect(written[0] == written[1])
        try #require(mount("none", disk.string, "tmpfs", UInt(MS_REMOUNT), "size=4m") == 0, "errno \(errno)")
        try await database.write { try $0.execute(sql: "UPDATE counter SET n = n + 1 WHERE n IS NOT NULL") }
        #expect(try await count(database) == written[0].map { $0 + 1 })
    }
}
