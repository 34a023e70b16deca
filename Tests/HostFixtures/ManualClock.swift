import Synchronization

/// A clock that moves only when somebody sleeps on it or the test moves it: a sleep takes no time at all.
package final class ManualClock: Clock {
    package struct Instant: InstantProtocol {
        package let sinceStart: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
        package func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
        package static func < (a: Instant, b: Instant) -> Bool { a.sinceStart < b.sinceStart }
    }

    private struct State {
        var now = Instant(sinceStart: .zero)
        var onAdvance: [@Sendable (Duration) -> Void] = []
    }
    private let state = Mutex(State())

    package init() {}

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        advance(by: max(.zero, now.duration(to: deadline)))
    }

    package func advance(by duration: Duration) {
        let (now, observers) = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            return (state.now.sinceStart, state.onAdvance)
        }
        for observer in observers { observer(now) }
    }

    /// Called with the time since the start after each move: the world changes as time passes.
    package func onAdvance(_ observer: @escaping @Sendable (Duration) -> Void) {
        state.withLock { $0.onAdvance.append(observer) }
    }
}
