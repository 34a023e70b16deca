import CoreTypes
import Foundation
import Platform
import Testing

@Suite("The Redis traffic ledger (runtime)", .serialized, .enabled(if: RedisServer.program != nil, RedisServer.missing))
struct RedisLedgerRuntimeTests {
    private static let shared = Task {
        let folder = try ScratchFolder()
        let (server, url) = try await RedisServer.start(in: folder.path)
        return (folder: folder, server: server, url: url)
    }

    private let prefix = "test:\(UUID().uuidString)"

    @Test("keeps the promises of a traffic ledger", arguments: LedgerPromise.all)
    func contract(promise: LedgerPromise) async throws {
        let url = try await Self.shared.value.url
        let time = TestTime()
        try await promise.check(
            try RedisLedger(url, prefix: prefix, time: time.clock),
            try RedisLedger(url, prefix: prefix, time: time.clock),
            time)
    }

    @Test("with the server's own clock, a spent allowance comes back")
    func serverClock() async throws {
        let ledger = try RedisLedger(try await Self.shared.value.url, prefix: prefix)
        // The second request comes within it, also where a moment is long.
        let rate = Rate(requests: 1, in: .seconds(2))
        #expect(try await ledger.take(from: "a", at: rate).retryAfter == nil)
        #expect(try await ledger.take(from: "a", at: rate).retryAfter != nil)
        #expect(try await eventually { try await ledger.take(from: "a", at: rate).retryAfter == nil })
    }

    @Test("a Redis that is gone is an error that holds no credential")
    func unreachable() async throws {
        let ledger = try RedisLedger(RedisServer.url(port: try freePort(), password: "hunter3"))
        let error = await #expect(throws: QueueError.self) {
            try await ledger.take(from: "a", at: Rate(requests: 1, in: .seconds(1)))
        }
        #expect(error.map { "\($0)" }?.contains("hunter3") == false)
    }
}
