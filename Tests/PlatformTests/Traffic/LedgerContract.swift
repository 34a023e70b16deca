import Platform
import Testing

/// What every traffic ledger promises; each implementation's suite runs all of it.
struct LedgerPromise: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any TrafficLedger, any TrafficLedger, TestTime) async throws -> Void

    /// The two are the same ledger, as blue and green have it.
    init(
        _ name: String,
        _ check:
            @escaping @Sendable (_ blue: any TrafficLedger, _ green: any TrafficLedger, TestTime) async throws
            -> Void
    ) {
        testDescription = name
        self.check = check
    }

    static let all = rates + failures

    private static let rate = Rate(requests: 4, in: .seconds(8))

    private static let rates = [
        LedgerPromise("a caller has its requests, counted by blue and green together, and then must wait") {
            (blue, green, _) async throws in
            for (index, ledger) in [blue, green, blue, green].enumerated() {
                let standing = try await ledger.take(from: "a", at: rate)
                #expect(standing.limit == 4 && standing.remaining == 3 - index && standing.retryAfter == nil)
                #expect(standing.reset == .seconds(2 * (index + 1)))
            }
            let refused = try await green.take(from: "a", at: rate)
            #expect(refused.remaining == 0 && refused.retryAfter == .seconds(2))
            #expect(try await blue.take(from: "b", at: rate).remaining == 3)
        },
        LedgerPromise("what was used comes back evenly, and a refusal uses nothing") { (blue, _, time) async throws in
            for _ in 0..<4 { _ = try await blue.take(from: "a", at: rate) }
            time.advance(by: .milliseconds(1999))
            #expect(try await blue.take(from: "a", at: rate).retryAfter == .milliseconds(1))
            time.advance(by: .milliseconds(1))
            #expect(try await blue.take(from: "a", at: rate).retryAfter == nil)
            #expect(try await blue.take(from: "a", at: rate).retryAfter == .seconds(2))
            time.advance(by: .seconds(60))
            #expect(try await blue.take(from: "a", at: rate).remaining == 3)
        },
        LedgerPromise("of many requests at once as many pass as there are") { (blue, green, _) async throws in
            let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        try await (index.isMultiple(of: 2) ? blue : green).take(from: "a", at: rate).retryAfter == nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(passed == 4)
        },
    ]

    private static let patience = Patience(free: 3, longest: .seconds(8), memory: .seconds(100))
    private static let account = Attempt(by: "account", patience)

    private static let failures = [
        LedgerPromise("the wait after failures grows to its longest, for blue and green alike") {
            (blue, green, time) async throws in
            #expect(try await blue.attempt([account]) == nil)
            #expect(try await green.attempt([account]) == nil)
            for wait in [1, 2, 4, 8, 8] {
                #expect(try await blue.attempt([account]) == nil)
                #expect(try await green.attempt([account]) == .seconds(wait))
                time.advance(by: .seconds(wait) - .milliseconds(1))
                #expect(try await blue.attempt([account]) == .milliseconds(1))
                time.advance(by: .milliseconds(1))
            }
        },
        LedgerPromise("who must wait holds up the whole attempt, and nothing of it is counted") {
            (blue, _, time) async throws in
            let other = Attempt(by: "other", patience)
            for _ in 0..<3 { _ = try await blue.attempt([account]) }
            for _ in 0..<9 { #expect(try await blue.attempt([other, account]) == .seconds(1)) }
            for _ in 0..<3 { #expect(try await blue.attempt([other]) == nil) }
            #expect(try await blue.attempt([other]) == .seconds(1))
            time.advance(by: .seconds(1))
            #expect(try await blue.attempt([other, account]) == nil)
        },
        LedgerPromise("of many attempts at once no more pass than cost no wait") { (blue, green, _) async throws in
            let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask { try await (index.isMultiple(of: 2) ? blue : green).attempt([account]) == nil }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(passed == 3)
        },
        LedgerPromise("a success makes the forgotten begin anew and gives the returned one attempt back") {
            (blue, green, _) async throws in
            let address = Attempt(by: "address", patience)
            for _ in 0..<8 {
                #expect(try await blue.attempt([account, address]) == nil)
                #expect(try await blue.attempt([account]) == nil)
                try await green.settle(forgetting: ["account"], returning: ["address"])
            }
            #expect(try await blue.attempt([address]) == nil)
            #expect(try await blue.attempt([address]) == nil)
            #expect(try await blue.attempt([address]) == nil)
            #expect(try await blue.attempt([address]) == .seconds(1))
        },
        LedgerPromise("failures of long ago are forgotten") { (blue, _, time) async throws in
            for _ in 0..<3 { _ = try await blue.attempt([account]) }
            time.advance(by: .seconds(100) - .milliseconds(1))
            #expect(try await blue.attempt([account]) == nil)
            #expect(try await blue.attempt([account]) == .seconds(2))
            time.advance(by: .seconds(100))
            for _ in 0..<3 { #expect(try await blue.attempt([account]) == nil) }
            #expect(try await blue.attempt([account]) == .seconds(1))
        },
    ]
}
