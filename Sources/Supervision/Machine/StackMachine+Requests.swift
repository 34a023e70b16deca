import Control
import CoreTypes

/// What operators ask for.
extension StackMachine {
    mutating func ask(_ request: MachineEvent.Request, at now: Moment, _ actions: inout [MachineAction]) {
        switch request {
        case .start(let names):
            let closure = graph.closure(of: names)
            for name in closure { want(name, isNamed: names.contains(name), at: now, &actions) }
            actions.append(.persist(durable: true))
            // A one-shot that is to run again is no longer there for those that require it.
            settle(closure.flatMap { [$0] + graph.neighbours(of: $0) }, at: now, &actions)
        case .stop(let names):
            for name in names { instances[name]?.wanted = false }
            actions.append(.persist(durable: true))
            settle(names, at: now, &actions)
        case .restart(let names):
            for name in names {
                want(name, isNamed: true, at: now, &actions)
                instances[name]?.stop(.asked, at: now, &actions)
            }
            actions.append(.persist(durable: true))
            settle(names.flatMap { [$0] + graph.neighbours(of: $0) }, at: now, &actions)
        case .apply(let next): apply(next, at: now, &actions)
        case .shutdown:
            isShuttingDown = true
            leaving = instances.keys.sorted()
            for name in leaving { instances[name]?.isBarred = true }
            settle(leaving, at: now, &actions)
        }
    }

    /// Marks an instance as wanted and gives it a fresh chance if it has none of its own.
    private mutating func want(_ name: InstanceName, isNamed: Bool, at now: Moment, _ actions: inout [MachineAction]) {
        guard var machine = instances[name] else { return }
        machine.wanted = true
        switch machine.state {
        case .down, .failed:
            machine.reset()
            machine.enter(isNamed ? .waiting : machine.idle, because: nil, at: now, &actions)
        case .scheduled:
            // An operator who names it wants a run now, not only on its schedule.
            if isNamed {
                machine.reset()
                machine.enter(.waiting, because: nil, at: now, &actions)
            }
        case .completed:
            // A one-shot that others need has done its work; it runs again only when it is named itself.
            if isNamed || machine.spec.kind == .service { machine.enter(.waiting, because: nil, at: now, &actions) }
        case .backingOff:
            if isNamed {
                machine.reset()
                machine.enter(.waiting, because: nil, at: now, &actions)
            }
        case .running, .stopping, .waiting, .spawning:
            if isNamed { machine.reset() }
        }
        instances[name] = machine
    }

    private mutating func apply(_ next: Stack, at now: Moment, _ actions: inout [MachineAction]) {
        let difference = stack.difference(to: next)
        let restarting = Set(difference.changed)
        for name in difference.removed { instances[name]?.isBarred = true }
        for spec in next.instances {
            guard var machine = instances[spec.name] else {
                instances[spec.name] = newcomer(spec, at: now, &actions)
                continue
            }
            let probesChanged = machine.spec.probes != spec.probes
            let scheduleChanged = machine.spec.schedule != spec.schedule
            machine.spec = spec
            machine.isBarred = isShuttingDown
            if restarting.contains(spec.name) {
                machine.outdate(at: now, &actions)
            } else if probesChanged {
                machine.replaceProbes(at: now, &actions)
            }
            if scheduleChanged { machine.reschedule(at: now, &actions) }
            instances[spec.name] = machine
        }
        outline = next
        outline.instances = []
        order = next.instances.map(\.name)
        members = Set(order)
        // What leaves keeps its edges until it is gone, so that it still stops in order.
        // In the same order each time, so that a seed is all it takes to replay a run.
        let leaving = instances.keys.filter { !members.contains($0) }.sorted()
        graph = DependencyGraph((order + leaving).compactMap { instances[$0]?.spec })
        for name in order {
            for earlier in leaving where name.takesThePlace(of: earlier) { graph.order(name, after: earlier) }
        }
        actions.append(.persist(durable: true))
        settle(Array(instances.keys).sorted(), at: now, &actions)
    }

    private func newcomer(
        _ spec: InstanceSpec, at now: Moment, _ actions: inout [MachineAction]
    ) -> InstanceMachine {
        var machine = InstanceMachine(spec, wanted: spec.autostart, at: now)
        machine.isBarred = isShuttingDown
        if machine.wanted { machine.enter(machine.idle, because: nil, at: now, &actions) }
        return machine
    }
}
