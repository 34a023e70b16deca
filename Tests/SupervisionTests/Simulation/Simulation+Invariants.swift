import Control
import CoreTypes
import Supervision

/// What must be true after each event, and what must have come of everything once nothing breaks any more.
extension Simulation {
    mutating func check() {
        let wake = nextWake
        for machine in machine.instances.values {
            if let broken = broken(machine, wake) { violations.append("\(machine.name) \(broken)") }
            if words[machine.name, default: .down] != machine.state.word {
                violations.append("events say \(machine.name) is \(words[machine.name, default: .down]), and it is not")
            }
            if self.machine.order.contains(machine.name), wishes[machine.name] != machine.wanted {
                violations.append("\(machine.name): the operator's last wish is forgotten")
            }
        }
        for process in kernel.processes where machine.instances[process.name]?.state.run != process.run {
            violations.append("\(process.name) runs as \(process.pid), and nobody knows it")
        }
        if hasExited, !kernel.isEmpty { violations.append("it exited, and something runs") }
    }

    /// What of its state is not so.
    private func broken(_ machine: InstanceMachine, _ wake: Moment?) -> String? {
        let deadline: Moment
        switch machine.state {
        case .backingOff(let until): deadline = until
        case .stopping(let stopping):
            guard kernel.index(of: stopping.id) != nil else { return "stops, and nothing of it runs" }
            if case .step(_, let until) = stopping.phase {
                deadline = until
            } else {
                guard hasRunningDependents(machine.name) else { return "waits with its stop for nobody" }
                return nil
            }
        case .running(let run):
            guard let index = kernel.index(of: run.id), kernel[index].isLeaderAlive else {
                return "is said to run, and does not"
            }
            if !machine.spec.requires.allSatisfy(isThere) { return "runs without what it requires" }
            return timing(of: machine, wake)
        case .down, .waiting, .failed, .completed, .scheduled:
            if kernel.has(machine.name) { return "is \(machine.state.word), and something of it runs" }
            if case .scheduled = machine.state, machine.spec.schedule == nil {
                return "is scheduled, and has no schedule"
            }
            return timing(of: machine, wake)
        case .spawning: return timing(of: machine, wake)
        }
        guard let wake, wake <= deadline else { return "is \(machine.state.word) without a timer" }
        return timing(of: machine, wake)
    }

    /// A scheduled instance that may run always has its next time, and a timer for it.
    private func timing(of machine: InstanceMachine, _ wake: Moment?) -> String? {
        guard machine.spec.schedule != nil, machine.wanted, !self.machine.isShuttingDown,
            self.machine.order.contains(machine.name)
        else { return nil }
        guard let due = machine.timing?.due else { return "has no next time" }
        guard let wake, wake.milliseconds <= due - clockOffset else { return "has no timer for its next time" }
        return nil
    }

    private func isThere(_ name: InstanceName) -> Bool {
        switch machine.instances[name]?.state {
        case .running?, .completed?: return true
        case nil: return true  // it left the stack, and so the edge is gone
        case .down?, .waiting?, .spawning?, .stopping?, .backingOff?, .failed?, .scheduled?: return false
        }
    }

    private func hasRunningDependents(_ name: InstanceName) -> Bool {
        machine.instances.values.contains {
            $0.state.run != nil && ($0.spec.requires.contains(name) || $0.spec.after.contains(name))
        }
    }

    /// After a calm: what is wanted runs, what is not does not, and each runs what its definition says now.
    mutating func judge() {
        for machine in machine.instances.values where !hasExited {
            let name = machine.name
            switch machine.state {
            case .down:
                if wishes[name] == true, !self.machine.isShuttingDown {
                    violations.append("\(name) is wanted, and down")
                }
            case .running:
                if wishes[name] != true { violations.append("\(name) is not wanted, and runs") }
                if !machine.isHealthy { violations.append("\(name) never becomes healthy") }
                let version = machine.spec.environment[SimulatedStack.version] ?? ""
                if let process = kernel.processes.first(where: { $0.name == name }), process.version != version {
                    violations.append("\(name) runs what it was before it was changed")
                }
            case .waiting:
                if machine.spec.requires.allSatisfy({ self.machine.instances[$0]?.isHealthy ?? true }) {
                    violations.append("\(name) waits for nothing: \(machine.reason ?? "no reason")")
                }
            case .failed, .completed, .scheduled: break
            case .spawning, .stopping, .backingOff: violations.append("\(name) stays \(machine.state.word)")
            }
        }
    }
}
