import Platform
import SystemPackage
import Testing

@Suite("The SQLite traffic ledger")
struct SQLiteLedgerTests {
    @Test("keeps the promises of a traffic ledger", arguments: LedgerPromise.all)
    func contract(promise: LedgerPromise) async throws {
        let bench = try Bench()
        let path = bench.folder.appending("ledger.sqlite")
        let blue = try SQLiteLedger(path, time: bench.time.clock)
        let green = try SQLiteLedger(path, time: bench.time.clock)
        try await promise.check(blue, green, bench.time)
    }
}
