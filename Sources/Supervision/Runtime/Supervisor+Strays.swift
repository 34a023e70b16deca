import CLinux
import Control
import CoreTypes
import Glibc

/// What runs leave behind.
extension Supervisor {
    func startSweep(_ name: InstanceName, _ run: RunID) {
        guard let main = children.forget(run) else { return }
        Credentials(directories, name).clear()
        logs[name]?.drain()
        emptyGroup(of: name)
        swept.append(main)
        if sweepAt == nil { sweepAt = SystemClock.now + .milliseconds(250) }
    }

    /// Kills what ended runs left behind outside their process group: daemons, mostly. As long as it finds some, it
    /// looks again: they may fork meanwhile.
    func sweep() {
        sweepAt = nil
        let over = Dictionary(swept.map { ($0.invocation, $0) }, uniquingKeysWith: { first, _ in first })
        let sessions = Set(swept.map(\.pid))
        var found: Set<InstanceName> = []
        for entry in ProcessTable.all() where !entry.isZombie && !children.isKnown(entry.pid) {
            let isOrphanOfOurs = entry.parent == getpid()
            guard isOrphanOfOurs || entry.parent == 1 || sessions.contains(entry.session) || sweepRounds > 0 else {
                continue
            }
            if let mark = ProcessTable.mark(of: entry.pid) {
                guard mark.runDirectory == directories.run, let main = over[mark.invocation] else { continue }
                killStray(entry, of: main.instance)
                found.insert(main.instance)
            } else if isOrphanOfOurs, let main = over.values.first(where: { $0.pid == entry.session }) {
                killStray(entry, of: main.instance)
                found.insert(main.instance)
            }
        }
        for main in swept where !found.contains(main.instance) { groups?.remove(main.instance) }
        swept.removeAll { !found.contains($0.instance) }
        guard !swept.isEmpty, sweepRounds < Self.maximumSweeps else {
            swept = []
            sweepRounds = 0
            return
        }
        sweepRounds += 1
        sweepAt = SystemClock.now + .milliseconds(20)
    }

    private static let maximumSweeps = 50

    func killStray(_ entry: ProcessTable.Entry, of instance: InstanceName?) {
        guard ProcessTable.signal(entry.pid, startTime: entry.startTime, SIGKILL) else { return }
        note(.strayKilled, instance, "process \(entry.pid) was left behind", pid: entry.pid)
    }

    /// The machine says all is stopped; nothing that descends from us may stay.
    func leave() {
        probes?.stopAll()
        sockets.closeAll()
        for name in groups?.leaves ?? [] { emptyGroup(of: name) }
        let deadline = SystemClock.now + .seconds(10)
        while SystemClock.now < deadline {
            let strays = ProcessTable.all().filter { entry in
                guard !entry.isZombie, entry.pid != getpid() else { return false }
                if entry.parent == getpid() { return true }
                return ProcessTable.mark(of: entry.pid)?.runDirectory == directories.run
            }
            for stray in strays { killStray(stray, of: ProcessTable.mark(of: stray.pid)?.instance) }
            while children.reap() != nil {}
            if strays.isEmpty { break }
            usleep(2000)
        }
        for log in logs.values {
            log.drain(limit: 1024)
            log.finish()
        }
        outlets?.close()
        for name in groups?.leaves ?? [] { groups?.remove(name) }
        for name in machine.instances.keys { Credentials(directories, name).clear() }
        note(.supervisorStopped)
        do throws(SystemError) { try stateFile.save(snapshot(isClean: true), durable: true) } catch {
            note(.trouble, nil, "the state was not saved: \(error)")
        }
        record.flush()
        server?.stop()
        notices?.stop()
        notifier.release(DescriptorName.control)
        notifier.release(DescriptorName.notify)
    }
}
