import NIOPosix
import Synchronization

/// The threads on which a database's driver blocks, so that neither event loops nor tasks wait for it.
struct DriverThreads: Sendable {
    private let pool: NIOThreadPool

    init(_ count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// A cancelled task is answered at once; the call it waited for ends by itself within the driver's limits, and one
    /// that has not begun never does.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let answer = Answer<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.isAwaited(by: continuation)
                pool.submit { state in
                    guard state == .active, !answer.isGiven else { return answer.give(.failure(CancellationError())) }
                    answer.give(Result { try work() })
                }
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }
    /// As `run`, for work that ends soon when it is cancelled: once it has begun, it is waited for.
    func finish<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let answer = Answer<Value>()
        let turn = Turn()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.isAwaited(by: continuation)
                pool.submit { state in
                    guard turn.isTaken() else { return }
                    answer.give(state == .active ? Result { try work() } : .failure(CancellationError()))
                }
            }
        } onCancel: {
            if turn.isTaken() { answer.give(.failure(CancellationError())) }
        }
    }

    /// Goes to whoever asks first: the thread, or the cancel.
    private final class Turn: Sendable {
        private let isFree = Mutex(true)

        func isTaken() -> Bool {
            isFree.withLock { isFree in
                defer { isFree = false }
                return isFree
            }
        }
    }
}
