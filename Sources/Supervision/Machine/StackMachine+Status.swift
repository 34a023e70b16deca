package import Control
import CoreTypes

extension StackMachine {
    /// What the supervisor says of its instances, in the stack's order; `wall` turns a moment into milliseconds since
    /// 1970.
    package func statuses(wall: (Moment) -> Int64) -> [InstanceStatus] {
        let leaving = instances.keys.filter { !members.contains($0) }.sorted()
        return (order + leaving).compactMap { name in
            instances[name].map { machine in
                InstanceStatus(
                    name: name, state: machine.state.word, wanted: machine.wanted, healthy: machine.isWell,
                    pid: machine.state.pid, since: wall(machine.since), restarts: machine.restarts,
                    lastEnd: machine.lastEnd?.description, reason: machine.reason, says: machine.state.says,
                    release: machine.spec.release, next: machine.timing?.due)
            }
        }
    }

    /// `live blue · 3 of 5 healthy`: the line systemd shows.
    package var summary: String {
        var wanted = 0
        var healthy = 0
        for machine in instances.values where machine.wanted {
            wanted += 1
            if machine.isWell { healthy += 1 }
        }
        return (outline.live.map { "live \($0) · " } ?? "") + "\(healthy) of \(wanted) healthy"
    }
}
