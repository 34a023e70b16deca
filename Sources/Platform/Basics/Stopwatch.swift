/// How long ago this was called, by the clock.
func stopwatch(_ clock: any Clock<Duration>) -> @Sendable () -> Duration { started(by: clock) }

private func started(by clock: some Clock<Duration>) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
}
