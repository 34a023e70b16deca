import Synchronization

/// Ends work that takes too long, for any number of requests with one sleeping task.
///
/// A sleep that is called off keeps its memory until its time has come: with one for each request, a few thousand requests
/// a second would hold tens of megabytes of them.
package final class Deadlines: Sendable {
    private struct State {
        var lastTicket = 0
        var open: [Int: (due: Duration, expire: @Sendable () -> Void)] = [:]
        var sleeper: (until: Duration, task: Task<Void, Never>)?
    }

    private let state = Mutex(State())
    /// Since this was made.
    private let elapsed: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    package init(_ clock: some Clock<Duration>) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }

    deinit { state.withLock { $0.sleeper?.task.cancel() } }

    /// Runs `work`, and ends what takes longer than `limit` with a refusal (504).
    ///
    /// The work is cancelled and waited for, not abandoned: when the client reads the refusal, nothing of it runs any more.
    package func within<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let isOver = Interruption()
        let task = Task { try await work() }
        let ticket = add(limit) {
            isOver.request()
            task.cancel()
        }
        defer { state.withLock { $0.open[ticket] = nil } }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        if isOver.isRequested { throw Refusal.timedOut }
        return try result.get()
    }

    private func add(_ limit: Duration, _ expire: @escaping @Sendable () -> Void) -> Int {
        let due = elapsed() + limit
        return state.withLock { state in
            state.lastTicket += 1
            state.open[state.lastTicket] = (due, expire)
            sleep(until: due, &state)
            return state.lastTicket
        }
    }

    /// Makes sure that somebody wakes at `due`, or earlier.
    private func sleep(until due: Duration, _ state: inout State) {
        if let sleeper = state.sleeper {
            guard due < sleeper.until else { return }
            sleeper.task.cancel()
        }
        let span = due - elapsed()
        state.sleeper = (
            due,
            Task { [weak self, sleep] in
                if (try? await sleep(span)) != nil { self?.wake(at: due) }
            }
        )
    }

    private func wake(at moment: Duration) {
        let expired = state.withLock { state -> [@Sendable () -> Void] in
            // Cancelled too late: another one sleeps instead.
            guard state.sleeper?.until == moment else { return [] }
            state.sleeper = nil
            let due = state.open.filter { $0.value.due <= moment }
            for ticket in due.keys { state.open[ticket] = nil }
            if let next = state.open.values.map(\.due).min() { sleep(until: next, &state) }
            return due.values.map(\.expire)
        }
        for expire in expired { expire() }
    }
}
