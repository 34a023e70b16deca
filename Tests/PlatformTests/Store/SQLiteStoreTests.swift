import CoreTypes
import Foundation
import Platform
import SystemPackage
import Testing

@Suite("The SQLite store")
struct SQLiteStoreTests {
    @Test("keeps the promises of a result store", arguments: StorePromise.all)
    func contract(promise: StorePromise) async throws {
        let bench = try Bench(retention: StorePromise.retention)
        try await promise.check(bench.store, bench.time)
    }

    @Test("two programs that open a new folder at the same moment both get the store")
    func openedTogether() async throws {
        let bench = try Bench()
        let path = bench.folder.appending("new.sqlite")
        let clock = bench.time.clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try SQLiteStore(path, retention: StorePromise.retention, clock: clock)
                    try await store.ping()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("what one program wrote, another reads")
    func shared() async throws {
        let bench = try Bench()
        let other = try SQLiteStore(bench.data.store, retention: StorePromise.retention, clock: bench.time.clock)
        let scan = try await bench.queuedScan()
        #expect(try await other.scan(scan.id) == scan)
    }

    @Test("a file that is no database is kept and named")
    func noDatabase() throws {
        let bench = try Bench()
        let path = bench.folder.appending("broken.sqlite")
        let text = String(repeating: "this is not a database ", count: 200)
        try text.write(toFile: path.string, atomically: false, encoding: .utf8)
        let error = #expect(throws: OperatorError.self) {
            try SQLiteStore(path, retention: StorePromise.retention, clock: bench.time.clock)
        }
        #expect(error?.description.contains("broken.sqlite") == true)
        #expect(try String(contentsOfFile: path.string, encoding: .utf8) == text)
    }

    @Test("a position that is not ours is no position", arguments: ["", "AAAA", "!!", "MTIz", "MS4yLjMuNC41"])
    func foreignPositions(token: String) {
        #expect(ScanPosition(token: token) == nil)
        #expect(FindingPosition(token: token) == nil)
    }
}
