/// Ends work that takes too long.
package final class Deadlines: Sendable {
    private let alarms: Alarms

    package init(_ clock: some Clock<Duration>) { alarms = Alarms(clock) }

    /// Runs `work`, and ends what takes longer than `limit` with a refusal (504).
    ///
    /// The work is cancelled and waited for, not abandoned: when the client reads the refusal, nothing of it runs any more.
    package func within<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let isOver = Interruption()
        // Its time begins before it does.
        let end = alarms.moment(after: limit)
        let task = Task { try await work() }
        let ticket = alarms.set(at: end) {
            isOver.request()
            task.cancel()
        }
        defer { alarms.clear(ticket) }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        if isOver.isRequested { throw Refusal.timedOut }
        return try result.get()
    }
}
