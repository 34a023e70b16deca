import Host

/// Looks again and again until something is true, and has a limit.
struct Patience {
    let clock: any Clock<Duration>
    let limit: Duration
    var pause: Duration = .milliseconds(50)

    /// Whether it became true within the limit.
    func sees(_ isTrue: () throws -> Bool) async throws -> Bool {
        let watch = Stopwatch(clock)
        while try !isTrue() {
            guard watch.elapsed < limit else { return false }
            try await clock.sleep(for: pause)
        }
        return true
    }
}
