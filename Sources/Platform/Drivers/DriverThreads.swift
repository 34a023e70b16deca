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

    /// The first answer counts, whether it comes before or after somebody waits for it.
    private final class Answer<Value: Sendable>: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<Value, any Error>)
            case given(Result<Value, any Error>)
            case done
        }

        private let state = Mutex(State.open)

        var isGiven: Bool {
            state.withLock { state in
                switch state {
                case .open, .awaited: false
                case .given, .done: true
                }
            }
        }

        func isAwaited(by continuation: CheckedContinuation<Value, any Error>) {
            let early: Result<Value, any Error>? = state.withLock { state in
                guard case .given(let result) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                state = .done
                return result
            }
            if let early { continuation.resume(with: early) }
        }

        func give(_ result: Result<Value, any Error>) {
            let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
                switch state {
                case .open: state = .given(result)
                case .awaited(let continuation):
                    state = .done
                    return continuation
                case .given, .done: break
                }
                return nil
            }
            waiting?.resume(with: result)
        }
    }
}
