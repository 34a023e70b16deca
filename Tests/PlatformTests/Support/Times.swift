import Platform
import Synchronization

/// A time of day that stands still until a test moves it.
final class TestTime: Sendable {
    private let moment: Mutex<Timestamp>

    init(_ start: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) { moment = Mutex(start) }

    var now: Timestamp { moment.withLock { $0 } }
    var clock: WallClock { WallClock { self.now } }

    func advance(by span: Duration) { moment.withLock { $0 = $0 + span } }
}

/// A clock whose sleepers wake when a test says so, or when they are cancelled.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (a: Self, b: Self) -> Bool { a.offset < b.offset }
    }

    private struct State {
        var now = Instant()
        var next = 0
        var sleepers: [Int: (deadline: Instant, wake: CheckedContinuation<Void, any Error>)] = [:]
        var watchers: [(count: Int, tell: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    var now: Instant { state.withLock { $0.now } }
    /// How often somebody went to sleep, woken since or not.
    var sleepsBegun: Int { state.withLock { $0.next } }
    let minimumResolution: Duration = .nanoseconds(1)

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                let told: [CheckedContinuation<Void, Never>]? = state.withLock { state in
                    if Task.isCancelled || deadline <= state.now { return nil }
                    state.sleepers[ticket] = (deadline, wake)
                    defer { state.watchers.removeAll { $0.count <= state.sleepers.count } }
                    return state.watchers.filter { $0.count <= state.sleepers.count }.map(\.tell)
                }
                guard let told else {
                    if Task.isCancelled { wake.resume(throwing: CancellationError()) } else { wake.resume() }
                    return
                }
                for continuation in told { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: ticket) }?.wake.resume(throwing: CancellationError())
        }
    }

    /// Wakes whoever's time has come.
    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for ticket in due.keys { state.sleepers[ticket] = nil }
            return due.values.map(\.wake)
        }
        for wake in due { wake.resume() }
    }

    /// Returns when somebody wakes within the span.
    func sleepers(_ count: Int, before span: Duration) async {
        while state.withLock({ state in
            state.sleepers.values.filter { $0.deadline < state.now.advanced(by: span) }.count < count
        }) { await Task.yield() }
    }

    /// Returns when that many sleep.
    func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let enough = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if enough { continuation.resume() }
        }
    }
}
