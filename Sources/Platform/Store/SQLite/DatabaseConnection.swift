import Dispatch
import Synchronization

/// A connection and the thread that blocks for it: neither event loops nor tasks wait for the disk or a lock.
///
/// Not `DriverThreads`, which answers a cancelled task while the driver's call still runs: here the call can be ended,
/// and whoever cancelled a write knows that it was undone. A queue also ends with its connection.
actor DatabaseConnection {
    private nonisolated let thread = QueueExecutor()
    private nonisolated let users = Atomic(0)
    private let open: @Sendable () throws -> Database
    private var database: Database?

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// How many use it or wait for it, at this moment.
    nonisolated var load: Int { users.load(ordering: .relaxed) }

    /// Opens it at its first use.
    init(open: @escaping @Sendable () throws -> Database) { self.open = open }

    nonisolated func transaction<Value: Sendable>(
        _ kind: Database.TransactionKind, _ work: @Sendable (Database) throws -> Value
    ) async throws -> Value {
        users.add(1, ordering: .relaxed)
        defer { users.subtract(1, ordering: .relaxed) }
        return try await isolatedTransaction(kind, work)
    }

    private func isolatedTransaction<Value: Sendable>(
        _ kind: Database.TransactionKind, _ work: @Sendable (Database) throws -> Value
    ) throws -> Value {
        let database = try database ?? open()
        self.database = database
        return try database.inTransaction(kind) { try work(database) }
    }
}

/// Runs an actor on a Dispatch queue of its own, which has a thread whenever it has work.
private final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "sqlite")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
