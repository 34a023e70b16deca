/// Looks, while a job works, whether the scan's user has ended or removed the scan meanwhile.
struct ScanWatch: Sendable {
    /// How long after a cancel the scanner still works at most.
    private static let interval: Duration = .seconds(1)

    let store: any ResultStore
    let clock: any Clock<Duration>

    /// The result of `work`, or `nil` where the scan ended under it: then the work was interrupted, and is over.
    func whileOpen<Value: Sendable>(
        _ id: ScanID, _ interruption: Interruption, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        let isEnded = Interruption()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                do { return try await work() } catch  where isEnded.isRequested { return nil }
            }
            group.addTask {
                while (try? await clock.sleep(for: Self.interval)) != nil {
                    // A store that does not answer says nothing about the scan.
                    guard let found = try? await Found(store.scan(id)), !found.isOpen else { continue }
                    isEnded.request()
                    interruption.request()
                    break
                }
                throw WatchOver()
            }
            defer { group.cancelAll() }
            while true {
                do { return try await group.next() ?? nil } catch is WatchOver {}
            }
        }
    }

    private struct WatchOver: Error {}

    private struct Found {
        let isOpen: Bool
        init(_ scan: Scan?) { isOpen = scan?.status.isOpen ?? false }
    }
}
