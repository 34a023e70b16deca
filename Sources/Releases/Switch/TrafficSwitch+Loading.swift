import Control
import CoreTypes
import Host
import Profiles

/// What stands by in the slot that is kept running after a switch.
extension TrafficSwitch {
    /// In milliseconds: a switch that has ended is given time to be over, its old workers to have gone.
    private static let rest: Int64 = 1000

    /// Loads it again, one after the other: whoever serves is left a processor. False when it is not done, as the switch
    /// has only just ended or somebody is at work on the slots.
    func load(_ warm: SlotRecord.WarmSlot) async throws -> Bool {
        guard warm.since + Self.rest <= host.wallTime() else { return false }
        let instances = SlotInstances(
            slot: warm.slot, profile: profile, layout: layout, host: host, supervisor: supervisor)
        func isKept() throws -> Bool { try SlotRecord.load(layout, on: host)?.warm == warm }
        for name in StackCompiler(profile: profile, layout: layout).standbys(of: warm.slot) {
            guard try whileKept(warm, doing: "load \(name)", { try supervisor.start([name]) }) else { return false }
            do {
                try await instances.awaitLoaded([name]) { _, _ in if try !isKept() { throw CancellationError() } }
            } catch {
                guard try isKept() else { return false }
                let problem = SwitchProblem(error)
                let next = problem.next.map { "\n  next: \($0)" } ?? ""
                report(.note("cannot keep \(name) loaded for a rollback: \(problem)\(next)"))
            }
        }
        return true
    }
}
