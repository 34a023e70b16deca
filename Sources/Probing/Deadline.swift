import Glibc

/// A moment by which a dialog must be over, however slowly the other side talks.
struct Deadline {
    private let start = ContinuousClock.now
    private let timeout: Duration

    init(after timeout: Duration) { self.timeout = timeout }

    var elapsed: Duration { start.duration(to: .now) }

    /// Rounded up, so that a wait never ends early and spins; 0 when it has passed.
    var remainingMilliseconds: Int32 {
        let rest = timeout - elapsed
        guard rest > .zero else { return 0 }
        let milliseconds = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: milliseconds)
    }

    /// Waits until the descriptor is ready for `events`; a peer that hung up is ready.
    func wait(for descriptor: Int32, _ events: Int32) throws(StoreFailure) {
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = Glibc.poll(&poll, 1, remainingMilliseconds)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .unreachable(errno: errno) }
            if remainingMilliseconds == 0 { throw .timedOut(after: timeout) }
        }
    }
}
