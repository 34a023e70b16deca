import CLinux
import Control
import CoreTypes
import Glibc

/// The snapshot that outlives us.
extension Supervisor {
    /// Writes the snapshot if it is due; an operator's wish is on disk before it is confirmed.
    func save() {
        let now = SystemClock.now
        guard !isDone, let due = schedule.dueAt, due <= now else { return }
        do throws(SystemError) {
            try stateFile.save(snapshot(isClean: false), durable: schedule.isDurable)
            schedule.succeeded(at: now)
            journal.clear()
        } catch {
            if schedule.failed(at: now) { note(.trouble, nil, "the state was not saved: \(error)") }
        }
        // Saves are at most one a second, and follow every burst.
        if eventsSinceTrim >= Self.eventsPerTrim, spawns.isEmpty {
            eventsSinceTrim = 0
            linux_trim_memory()
        }
    }

    func snapshot(isClean: Bool) -> Snapshot {
        var snapshot = Snapshot(boot: bootID, isClean: isClean, instances: [:])
        snapshot.instances.reserveCapacity(machine.instances.count)
        for (name, machine) in machine.instances {
            let memory = machine.memory
            var instance = Snapshot.Instance(wanted: memory.wanted, restarts: memory.restarts)
            instance.ending = memory.ending?.rawValue
            instance.stopping = memory.wasStopping ? true : nil
            instance.owed = memory.isOwed ? true : nil
            instance.handled = memory.handled
            if let run = machine.state.run, let main = children.main(of: run), !main.hasEnded {
                instance.healthy = memory.wasHealthy
                instance.ready = memory.wasReady
                instance.pid = main.pid
                instance.startTime = main.startTime
                instance.invocation = main.invocation
            }
            snapshot.instances[name.description] = instance
        }
        return snapshot
    }
}
