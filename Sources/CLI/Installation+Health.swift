import Control
import CoreTypes
import Host
import Releases

extension Installation {
    /// Waits until every instance that is wanted is healthy. What a stopped switch left in the idle slot is not waited
    /// for: it may never become healthy.
    func demandHealth(
        of client: any SupervisorClient, live: Slot, within limit: Duration, doing: String
    ) async throws {
        var missing: [InstanceStatus] = []
        let patience = Patience(clock: host.clock, limit: limit)
        let isHealthy = try await patience.sees {
            missing = try client.status().instances.filter {
                $0.wanted && !$0.healthy && isPartOfLive($0.name, live: live)
            }
            return missing.isEmpty
        }
        guard !isHealthy else { return }
        let said = missing.map { "\($0.name) is \($0.state.rawValue)" + ($0.reason.map { " (\($0))" } ?? "") }
        throw OperatorError(
            doing: doing, because: "after \(limit) " + said.joined(separator: ", "),
            next: missing.first.map { "\(layout.bedplate) logs \($0.name)" })
    }
}
