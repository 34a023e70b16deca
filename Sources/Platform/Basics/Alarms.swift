import Synchronization

/// Rings for any number of waits with one sleeping task.
///
/// A sleep that is called off keeps its memory until its time has come, and each begins with a look at the timers by a
/// thread of its own: with one for each request or job, a few thousand a second would hold tens of megabytes of them.
package final class Alarms: Sendable {
    private struct State {
        var lastTicket = 0
        var open: [Int: (due: Duration, ring: @Sendable () -> Void)] = [:]
        var sleeper: (until: Duration, task: Task<Void, Never>)?
    }

    private let state = Mutex(State())
    /// Since this was made.
    private let elapsed: @Sendable () -> Duration
    /// Until a moment, not for a span: who sleeps may begin late.
    private let sleep: @Sendable (Duration) async throws -> Void

    package init(_ clock: some Clock<Duration>) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    deinit { state.withLock { $0.sleeper?.task.cancel() } }

    /// Calls `ring` once after `span`, unless the ticket is cleared before.
    func set(after span: Duration, _ ring: @escaping @Sendable () -> Void) -> Int {
        set(at: moment(after: span), ring)
    }

    /// The moment at which `span` is over, from now on.
    func moment(after span: Duration) -> Duration { elapsed() + span }

    /// Calls `ring` once at a moment, unless the ticket is cleared before.
    func set(at due: Duration, _ ring: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastTicket += 1
            state.open[state.lastTicket] = (due, ring)
            sleep(until: due, &state)
            return state.lastTicket
        }
    }

    func clear(_ ticket: Int) { state.withLock { $0.open[ticket] = nil } }

    /// Returns after `span`; throws `CancellationError` as soon as the task is cancelled.
    func sleep(for span: Duration) async throws {
        let end = Answer<Void>()
        let ticket = set(after: span) { end.give(.success(())) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { end.isAwaited(by: $0) }
        } onCancel: {
            clear(ticket)
            end.give(.failure(CancellationError()))
        }
    }

    /// Makes sure that somebody wakes at `due`, or earlier.
    private func sleep(until due: Duration, _ state: inout State) {
        if let sleeper = state.sleeper {
            guard due < sleeper.until else { return }
            sleeper.task.cancel()
        }
        state.sleeper = (
            due,
            Task { [weak self, sleep] in
                if (try? await sleep(due)) != nil { self?.wake(at: due) }
            }
        )
    }

    private func wake(at moment: Duration) {
        let due = state.withLock { state -> [@Sendable () -> Void] in
            // Cancelled too late: another one sleeps instead.
            guard state.sleeper?.until == moment else { return [] }
            state.sleeper = nil
            let due = state.open.filter { $0.value.due <= moment }
            for ticket in due.keys { state.open[ticket] = nil }
            if let next = state.open.values.map(\.due).min() { sleep(until: next, &state) }
            return due.values.map(\.ring)
        }
        for ring in due { ring() }
    }
}
