import CLinux
import Control
import CoreTypes
import Glibc

/// What the machine wants done.
extension Supervisor {
    func perform() {
        var budget = Self.spawnsPerTurn
        while true {
            settle()
            guard !spawns.isEmpty, budget > 0 else { return }
            budget -= 1
            if let (name, run) = spawns.next() { spawn(name, run) }
        }
    }

    /// All that was decided, but that nothing is started.
    func settle() {
        while !actions.isEmpty {
            let batch = actions
            actions = []
            for action in batch { perform(action) }
        }
    }

    private func perform(_ action: MachineAction) {
        switch action {
        case .spawn(let name, let run): spawns.append(name, run)
        case .signal(let name, let run, let signal): send(signal, to: name, run)
        case .signalMain(_, let run, let signal): _ = children.signalMain(run, signal)
        case .sweep(let name, let run): startSweep(name, run)
        case .startProbe(let name, let probe, let check):
            guard let spec = machine.instances[name]?.spec else { return }
            let invocation = children.main(of: probe.run)?.invocation ?? ""
            meter.asked(probe, of: spec, at: SystemClock.microseconds)
            probes?.start(probe, check, of: spec, invocation: invocation) { enterGroup(of: spec) }
        case .cancelProbe(let probe):
            meter.cancelled(probe, at: SystemClock.microseconds)
            probes?.cancel(probe)
        case .publish(let transition):
            publish(transition)
            if transition.kind == .state, transition.state.isAtRest { sockets.close(transition.instance) }
        case .persist(let durable):
            schedule.ask(durable: durable, at: SystemClock.now)
        case .forget(let name):
            if let log = logs.removeValue(forKey: name) {
                for pipe in log.readers { notifier.release(DescriptorName.logPrefix + pipe.name) }
                log.remove()
            }
            sockets.close(name)
            groups?.remove(name)
            Credentials(directories, name).clear()
            meter.forget(name)
            lostBytes[name] = nil
        case .exit: isDone = true
        }
    }

    func log(of spec: InstanceSpec) -> InstanceLog {
        if let log = logs[spec.name] {
            log.file.policy = spec.logs
            return log
        }
        let log = makeLog(spec.name, spec.logs)
        logs[spec.name] = log
        return log
    }

    /// systemd holds the reading ends too: what a child wrote last is there even if the child and we are gone.
    func keep(_ log: InstanceLog, replaces: Bool = false) {
        guard notifier.isConnected else { return }
        for pipe in log.readers {
            notifier.keep(pipe.descriptor, as: DescriptorName.logPrefix + pipe.name, replaces: replaces)
        }
    }

    func makeLog(_ name: InstanceName, _ policy: LogPolicy) -> InstanceLog {
        // The outlets are made before any log, and stay.
        guard let outlets else { preconditionFailure("a log without outlets") }
        return InstanceLog(
            name, policy, directories: directories, loop: loop, ledger: ledger, cutter: cutter, outlets: outlets
        ) { [unowned self] change in
            switch change {
            case .stopped(let reason): note(.logsStopped, name, reason)
            case .resumed(let lost):
                lostBytes[name, default: 0] += UInt64(max(lost, 0))
                note(.logsResumed, name, "\(lost) bytes were lost")
            }
        }
    }
}

extension InstanceStatus.State {
    /// Nothing of it runs, and nothing is going to start it soon.
    fileprivate var isAtRest: Bool {
        switch self {
        case .down, .failed, .completed, .scheduled: return true
        case .waiting, .starting, .up, .backingOff, .stopping, .unknown: return false
        }
    }
}
