import Control
import CoreTypes
import Glibc

/// The record of what happens: on disk, to whoever follows, and in systemd's journal.
extension Supervisor {
    func publish(_ transition: Transition) {
        tell(
            SupervisorEvent(
                at: SystemClock.wall, kind: transition.kind, instance: transition.instance, state: transition.state,
                pid: transition.pid, reason: transition.reason))
    }

    func note(_ kind: SupervisorEvent.Kind, _ instance: InstanceName? = nil, _ reason: String? = nil, pid: Int32? = nil)
    {
        tell(SupervisorEvent(at: SystemClock.wall, kind: kind, instance: instance, pid: pid, reason: reason))
    }

    private func tell(_ event: SupervisorEvent) {
        isSummaryStale = true
        record.add(event)
        systemJournal?.send(event.journalEntry(profile: machine.profile))
    }
}
