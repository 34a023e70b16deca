import Control
import CoreTypes
import Glibc

/// The record of what happens.
extension Supervisor {
    func publish(_ transition: Transition) {
        isSummaryStale = true
        record.add(
            SupervisorEvent(
                at: SystemClock.wall, kind: transition.kind, instance: transition.instance, state: transition.state,
                pid: transition.pid, reason: transition.reason))
    }

    func note(_ kind: SupervisorEvent.Kind, _ instance: InstanceName? = nil, _ reason: String? = nil, pid: Int32? = nil)
    {
        record.add(SupervisorEvent(at: SystemClock.wall, kind: kind, instance: instance, pid: pid, reason: reason))
    }
}
