/// Runs `work`, and ends what takes longer than `limit` with a refusal (504).
///
/// The work is cancelled and waited for, not abandoned: when the client reads the refusal, nothing of it runs any more.
func within<Value: Sendable>(
    _ limit: Duration, by clock: any Clock<Duration>, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await clock.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw Refusal.timedOut }
        return value
    }
}
