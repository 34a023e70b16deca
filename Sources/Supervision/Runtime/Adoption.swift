import CLinux
import Control
import CoreTypes
import Glibc

/// Finds the children of an earlier supervisor that still run.
struct Adoption {
    struct Survivor {
        let instance: InstanceName
        let pid: Int32
        let startTime: UInt64
        let invocation: String
        /// `nil` when it is our own child, as after re-executing: then its end is told to us like any other's.
        let pidfd: Int32?
    }

    let directories: Stack.Directories
    let boot: String

    /// What the snapshot still tells. After a clean stop or a reboot, that is only what the operator wants.
    func memories(of snapshot: Snapshot) -> [InstanceName: StackMachine.Memory] {
        var memories: [InstanceName: StackMachine.Memory] = [:]
        let isFresh = snapshot.isClean || snapshot.boot != boot
        for (text, instance) in snapshot.instances {
            guard let name = try? InstanceName(text) else { continue }
            memories[name] = StackMachine.Memory(
                wanted: instance.wanted, restarts: isFresh ? 0 : instance.restarts,
                wasHealthy: !isFresh && instance.healthy == true, wasReady: !isFresh && instance.ready == true,
                ending: isFresh ? nil : instance.ending.flatMap(StackMachine.Memory.Ending.init),
                wasStopping: !isFresh && instance.stopping == true, isOwed: instance.owed == true,
                handled: instance.handled)
        }
        return memories
    }

    struct Findings {
        var survivors: [Survivor] = []
        /// Ours, but of no run that can be taken up: what a main process left behind, or of an instance that is gone.
        var strays: [(entry: ProcessTable.Entry, instance: InstanceName)] = []
    }

    /// Looks for our marks in the environments of all processes. That finds also the children which the snapshot
    /// missed, and never mistakes a recycled pid for a child: its start time or its marks differ.
    func look(for stack: Stack, _ snapshot: Snapshot?) -> Findings {
        let inStack = Set(stack.instances.map(\.name))
        var found: [InstanceName: Survivor] = [:]
        var marked: [(entry: ProcessTable.Entry, mark: ProcessMark)] = []
        let remembered = remembered(snapshot)
        for entry in ProcessTable.all() where entry.pid != getpid() {
            let known = remembered[entry.pid].flatMap { $0.startTime == entry.startTime ? $0.mark : nil }
            // It may also end between the two looks at it; then it has no marks any more.
            if !entry.isZombie, let mark = ProcessTable.mark(of: entry.pid) ?? (isEnded(entry) ? nil : known) {
                if mark.runDirectory == directories.run { marked.append((entry, mark)) }
            } else if entry.parent == getpid(), let known, inStack.contains(known.instance) {
                // A child that ended while we re-executed: how it ended is still to be had.
                found[known.instance] = Survivor(
                    instance: known.instance, pid: entry.pid, startTime: entry.startTime,
                    invocation: known.invocation, pidfd: nil)
            }
        }
        // The oldest first: a main process is older than what it starts.
        marked.sort { ($0.entry.startTime, $0.entry.pid) < ($1.entry.startTime, $1.entry.pid) }
        for (entry, mark) in marked where inStack.contains(mark.instance) && found[mark.instance] == nil {
            guard isMain(entry, mark, snapshot?.instances[mark.instance.description]) else { continue }
            let isOurs = entry.parent == getpid()
            let pidfd = isOurs ? nil : open(entry)
            guard isOurs || pidfd != nil else { continue }
            found[mark.instance] = Survivor(
                instance: mark.instance, pid: entry.pid, startTime: entry.startTime, invocation: mark.invocation,
                pidfd: pidfd)
        }
        var findings = Findings(survivors: stack.instances.compactMap { found[$0.name] })
        for (entry, mark) in marked where found[mark.instance]?.invocation != mark.invocation {
            findings.strays.append((entry, mark.instance))
        }
        return findings
    }

    /// A program may write over its environment (nginx shows its title there): then the snapshot knows it, by its pid
    /// and its start time.
    private func remembered(_ snapshot: Snapshot?) -> [Int32: (startTime: UInt64, mark: ProcessMark)] {
        guard let snapshot, snapshot.boot == boot else { return [:] }
        var marks: [Int32: (startTime: UInt64, mark: ProcessMark)] = [:]
        for (text, known) in snapshot.instances {
            guard let pid = known.pid, let startTime = known.startTime, let invocation = known.invocation,
                let name = try? InstanceName(text)
            else { continue }
            let mark = ProcessMark(runDirectory: directories.run, instance: name, invocation: invocation)
            marks[pid] = (startTime, mark)
        }
        return marks
    }

    private func isEnded(_ entry: ProcessTable.Entry) -> Bool { ProcessTable.entry(entry.pid)?.isZombie ?? true }

    private func isMain(_ entry: ProcessTable.Entry, _ mark: ProcessMark, _ known: Snapshot.Instance?) -> Bool {
        guard entry.session == entry.pid, !mark.isProbe else { return false }
        // Of a run the snapshot knows, only the process it names: another is a daemon that outlived it.
        guard let known, known.invocation == mark.invocation else { return true }
        return known.pid == entry.pid && known.startTime == entry.startTime
    }

    /// A descriptor that stays bound to this process, whatever becomes of its pid.
    private func open(_ entry: ProcessTable.Entry) -> Int32? {
        let descriptor = linux_pidfd_open(entry.pid)
        guard descriptor >= 0 else { return nil }
        guard ProcessTable.entry(entry.pid)?.startTime == entry.startTime else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
