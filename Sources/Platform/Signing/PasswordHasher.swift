import NIOPosix
import Synchronization

/// Hashes and verifies passwords on threads of its own, so that neither requests nor uploads wait for scrypt.
package final class PasswordHasher: Sendable {
    /// Too many sign-ins wait already; each would hold 32 MiB in turn.
    package struct Busy: Error {}

    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    private let cost: PasswordHash.Cost
    private let limit: Int
    private let waiting = Mutex(0)
    /// What an unknown user's password is compared with: the answer takes as long as for a known one.
    private let nobody: PasswordHash

    package init(cost: PasswordHash.Cost = .standard, waitingAtMost limit: Int = 64) {
        self.cost = cost
        self.limit = limit
        nobody = PasswordHash(of: hexadecimal(Random.bytes(16)), cost: cost)
    }

    package func hash(_ password: String) async throws -> PasswordHash {
        let cost = cost
        return try await run { PasswordHash(of: password, cost: cost) }
    }

    /// Whether the password is the one of `hash`; `nil` stands for an unknown user and is always `false`.
    package func verify(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        let expected = hash ?? nobody
        let matches = try await run { expected.matches(password) }
        return matches && hash != nil
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        let admitted = waiting.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard admitted else { throw Busy() }
        defer { waiting.withLock { $0 -= 1 } }
        return try await Self.threads.runIfActive(work)
    }
}
