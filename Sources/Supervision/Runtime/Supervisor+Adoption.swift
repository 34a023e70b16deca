import Control
import CoreTypes
import Glibc

/// Taking up what an earlier supervisor left.
extension Supervisor {
    func takeUp(_ stack: Stack, _ inherited: InheritedDescriptors) throws(OperatorError) {
        var memories: [InstanceName: StackMachine.Memory] = [:]
        note(.supervisorStarted, nil, version, pid: getpid())
        if let trouble = ledger.trouble { note(.trouble, nil, "a crash may lose output: \(trouble)") }
        let adoption = Adoption(directories: directories, boot: bootID)
        var known: Snapshot?
        do throws(SystemError) {
            switch try stateFile.load() {
            case .absent: break
            case .snapshot(let snapshot):
                let complete = journal.complete(snapshot)
                memories = adoption.memories(of: complete)
                known = complete
            case .unreadable(let kept, let reason):
                note(.trouble, nil, "the state was not understood (\(reason)) and was kept as \(kept)")
            }
        } catch { throw OperatorError(doing: "start the supervisor", because: "\(error)", cause: error) }
        takeUpLogs(stack, inherited)
        sockets.takeUp(inherited, for: stack)
        let findings = adoption.look(for: stack, known)
        for (entry, instance) in findings.strays { killStray(entry, of: instance) }
        for main in findings.survivors {
            let autostart = stack.instances.first { $0.name == main.instance }?.autostart ?? true
            var memory = memories[main.instance] ?? StackMachine.Memory(wanted: autostart)
            memory.pid = main.pid
            memory.ending = nil
            memories[main.instance] = memory
        }
        actions = machine.open(remembering: memories, at: SystemClock.now, wall: SystemClock.wall)
        for main in findings.survivors {
            guard let run = machine.instances[main.instance]?.state.run else { continue }
            adopt(main, run)
        }
        let running = Set(findings.survivors.map(\.instance))
        takeUpGroups(running: running)
        for (name, log) in logs where !running.contains(name) { log.closeRun() }
        reap()
    }

    /// Output comes first: what the last supervisor had in its hands, and the pipes that were kept for us.
    private func takeUpLogs(_ stack: Stack, _ inherited: InheritedDescriptors) {
        let policies = Dictionary(stack.instances.map { ($0.name, $0.logs) }, uniquingKeysWith: { first, _ in first })
        func log(ofPipe name: String) -> (InstanceLog, stream: String)? {
            guard let dot = name.lastIndex(of: "."), let instance = try? InstanceName(String(name[..<dot])) else {
                return nil
            }
            let log = logs[instance] ?? makeLog(instance, policies[instance] ?? LogPolicy())
            logs[instance] = log
            return (log, String(name[name.index(after: dot)...]))
        }
        if let step = ledger.unfinished { log(ofPipe: step.pipe)?.0.redo(step) }
        for name in Files.names(in: "\(directories.run)/logs") where name.hasSuffix(LogPipe.restSuffix) {
            _ = log(ofPipe: String(name.dropLast(LogPipe.restSuffix.count)))
        }
        for name in inherited.names where name.hasPrefix(DescriptorName.logPrefix) {
            guard let (log, stream) = log(ofPipe: String(name.dropFirst(DescriptorName.logPrefix.count))) else {
                continue
            }
            while let descriptor = inherited.take(name) {
                if !log.adopt(descriptor, stream: stream) { close(descriptor) }
            }
        }
    }

    private func adopt(_ found: Adoption.Survivor, _ run: RunID) {
        let main = Children.Main(
            instance: found.instance, run: run, pid: found.pid, startTime: found.startTime,
            invocation: found.invocation, pidfd: found.pidfd)
        children.add(main)
        if let spec = machine.instances[found.instance]?.spec {
            let log = log(of: spec)
            log.belongs(to: spec.release, found.invocation)
            log.reopen()
            keep(log)
            sockets.takeBack(from: found.pid, spec)
            if groups != nil { limit(spec) }
        }
        guard let pidfd = found.pidfd else { return }
        do throws(SystemError) {
            try loop.watch(pidfd) { [unowned self] _ in
                loop.unwatch(pidfd)
                guard let main = children.markEnded(found.pid) else { return }
                ended(main, .unseen)
            }
        } catch { note(.trouble, found.instance, "the end of process \(found.pid) will not be seen: \(error)") }
    }
}
