import CLinux
import Control
import CoreTypes
import Glibc

/// What a run gets from us: sockets, log pipes, a control group.
extension Supervisor {
    func spawn(_ name: InstanceName, _ run: RunID) {
        guard let spec = machine.instances[name]?.spec else { return }
        do throws(SpawnFailure) {
            let account = try Account.resolve(spec)
            let passed = try sockets.open(for: spec)
            let log = log(of: spec)
            let ends = try log.openForChild(of: account)
            if ends.pipes != .same { keep(log, replaces: ends.pipes == .replaced) }
            let group = enterGroup(of: spec)
            if group >= 0 { limit(spec) } else { tellUnlimited(spec) }
            defer {
                close(ends.output)
                close(ends.error)
                if group >= 0 { close(group) }
            }
            let invocation = ProcessMark.makeInvocation()
            let belongings = Spawner.Belongings(
                output: ends.output, error: ends.error, group: group, sockets: passed)
            let pid = try spawner.spawn(spec, as: account, invocation: invocation, with: belongings)
            // It is our child and not reaped, so the pid is its own.
            let startTime = ProcessTable.entry(pid)?.startTime ?? 0
            let main = Children.Main(
                instance: name, run: run, pid: pid, startTime: startTime, invocation: invocation, pidfd: nil)
            children.add(main)
            log.belongs(to: spec.release, invocation)
            journal.add(main)
            tell(.spawned(name, run, pid: pid))
        } catch { tell(.spawnFailed(name, run, reason: "cannot start \(name): \(error)")) }
    }

    /// What a child of the instance writes to enter its control group; -1 when there is none to enter. That it cannot be
    /// made keeps nothing from starting.
    func enterGroup(of spec: InstanceSpec) -> Int32 {
        guard let groups else { return -1 }
        do throws(SystemError) { return try groups.open(spec.name) } catch {
            if unlimited.insert(spec.name).inserted {
                note(.trouble, spec.name, "it runs in no group of its own: \(error)")
            }
            return -1
        }
    }

    /// Sets the limits of a leaf as its spec says, or takes them back.
    func limit(_ spec: InstanceSpec) {
        guard let groups else { return tellUnlimited(spec) }
        for news in groups.limit(spec.name, to: spec.child?.value.limits) { note(.trouble, spec.name, news) }
    }

    private func tellUnlimited(_ spec: InstanceSpec) {
        guard let limits = spec.child?.value.limits, !limits.isEmpty, unlimited.insert(spec.name).inserted else {
            return
        }
        let asked = [("memory", limits.memory != nil), ("cpu", limits.cpu != nil), ("pids", limits.pids != nil)]
            .filter(\.1).map(\.0).joined(separator: ", ")
        note(.trouble, spec.name, ControlGroups.unenforced(asked, "no control group was delegated to the supervisor"))
    }

    /// A signal of a run's stop steps. KILL is for the whole tree.
    func send(_ signal: SignalNumber, to name: InstanceName, _ run: RunID) {
        children.signalGroup(run, signal)
        if signal == .kill { _ = groups?.kill(name) }
    }

    /// Whatever is left in a leaf whose run is over.
    func emptyGroup(of name: InstanceName) {
        guard let groups, groups.kill(name) else { return }
        note(.strayKilled, name, "what was left in its control group was killed")
    }

    /// Leaves that an earlier supervisor made, and whose run is over.
    func takeUpGroups(running: Set<InstanceName>) {
        guard let groups else { return }
        for name in groups.leaves where !running.contains(name) {
            emptyGroup(of: name)
            groups.remove(name)
        }
    }

    /// The stack changed: what is taken up without a restart, and what is no longer wanted.
    func alignChildren(_ next: Stack) {
        for spec in next.instances {
            sockets.align(spec)
            if children.isRunning(machine.instances[spec.name]?.state.run) { limit(spec) }
        }
    }
}
