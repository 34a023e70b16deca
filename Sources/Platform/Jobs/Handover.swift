import Dispatch
import Synchronization

/// Passes values from a thread that blocks to a task that awaits, one at a time.
final class Handover<Value: Sendable>: Sendable {
    private let values: AsyncStream<Value>
    private let input: AsyncStream<Value>.Continuation
    private let confirmed = DispatchSemaphore(value: 0)
    private let isRefused = Mutex(false)

    init() {
        (values, input) = AsyncStream.makeStream()
    }

    /// From the thread: waits until the task has dealt with the value. `false` when it wants no more.
    func give(_ value: Value) -> Bool {
        guard !isRefused.withLock({ $0 }) else { return false }
        input.yield(value)
        confirmed.wait()
        return !isRefused.withLock { $0 }
    }

    /// From the thread: there is no more.
    func finish() { input.finish() }

    /// From the task: the next value, `nil` at the end.
    func take() async -> Value? {
        for await value in values { return value }
        return nil
    }

    /// From the task: the value is dealt with.
    func confirm() { confirmed.signal() }

    /// From the task: give no more.
    func refuse() {
        isRefused.withLock { $0 = true }
        confirmed.signal()
    }
}
