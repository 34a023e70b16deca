import Control
import CoreTypes

/// One instance's change, and what follows for the others.
extension StackMachine {
    mutating func change(
        _ name: InstanceName, at now: Moment, _ actions: inout [MachineAction],
        _ body: (inout InstanceMachine, inout Randomness, inout [MachineAction]) -> Void
    ) {
        guard let before = instances[name]?.appearance else { return }
        body(&instances[name]!, &random, &actions)
        arm(name, at: now)
        let machine = instances[name]!
        guard machine.appearance != before || machine.state == .waiting else { return }
        var affected = [name] + graph.neighbours(of: name)
        if machine.isHealthy, !before.isHealthy { affected += giveAnotherChance(after: name, at: now, &actions) }
        settle(affected, at: now, &actions)
    }

    /// Sets the timer of an instance: the next deadline of its state, or the next time of its schedule.
    private mutating func arm(_ name: InstanceName, at now: Moment) {
        guard let machine = instances[name] else { return }
        guard machine.isScheduled || machine.timing != nil else {
            return deadlines.set(name, machine.state.deadline)
        }
        instances[name]?.keepTiming(at: now.milliseconds + wallOffset)
        let timing = machine.shouldRun ? instances[name]?.timing : nil
        let due = timing.map { Moment(milliseconds: $0.due - wallOffset) }
        deadlines.set(name, [machine.state.deadline, due].compactMap { $0 }.min())
    }

    /// What gave up while a dependency was ill tries again when that is well.
    private mutating func giveAnotherChance(
        after name: InstanceName, at now: Moment, _ actions: inout [MachineAction]
    ) -> [InstanceName] {
        let failed = graph.hardDependents[name, default: []].filter {
            instances[$0].map { $0.wanted && $0.state == .failed } ?? false
        }
        for dependent in failed {
            guard var machine = instances[dependent] else { continue }
            machine.reset()
            machine.enter(.waiting, because: "\(name) is back", at: now, &actions)
            instances[dependent] = machine
        }
        return failed
    }

    /// Moves instances as far as the others allow, until nothing moves any more.
    mutating func settle(_ names: [InstanceName], at now: Moment, _ actions: inout [MachineAction]) {
        var queue = names
        var at = 0
        while at < queue.count {
            let name = queue[at]
            at += 1
            guard let before = instances[name]?.appearance else { continue }
            reconsider(name, at: now, &actions)
            arm(name, at: now)
            guard let machine = instances[name] else { continue }
            if machine.appearance != before {
                queue.append(name)
                queue.append(contentsOf: graph.neighbours(of: name))
            }
        }
    }

    private mutating func reconsider(_ name: InstanceName, at now: Moment, _ actions: inout [MachineAction]) {
        guard let machine = instances[name] else { return }
        switch machine.state {
        case .waiting:
            guard machine.shouldRun else { return rest(name, at: now, &actions) }
            if let blocker = blocker(of: machine) {
                let isStuck = isStuck(machine)
                instances[name]?.reason = blocker
                instances[name]?.isStuck = isStuck
            } else {
                let run = makeRun()
                instances[name]?.begin(run, at: now, &actions)
            }
        case .backingOff, .down, .failed, .completed, .scheduled:
            if !machine.shouldRun { rest(name, at: now, &actions) }
        case .running:
            if !machine.shouldRun {
                instances[name]?.stop(.asked, at: now, &actions)
            } else if let lost = graph.hard[name, default: []].first(where: { instances[$0]?.isPresent != true }) {
                instances[name]?.stop(.dependency(lost), at: now, &actions)
            }
        case .stopping(let stopping):
            if stopping.phase == .awaitingDependents, !hasActiveDependents(name) {
                instances[name]?.proceed(at: now, &actions)
            }
        case .spawning: return
        }
    }

    /// It is not wanted and nothing of it runs.
    private mutating func rest(_ name: InstanceName, at now: Moment, _ actions: inout [MachineAction]) {
        guard members.contains(name) else {
            instances[name]?.enter(.down, because: "it left the stack", at: now, &actions)
            instances[name] = nil
            deadlines.set(name, nil)
            graph.remove(name)
            actions.append(.forget(name))
            return
        }
        guard let machine = instances[name], machine.state != .down else { return }
        // What ended for good says so until somebody asks for something else.
        if isShuttingDown, machine.wanted, machine.state == .failed || machine.state == .completed { return }
        instances[name]?.enter(.down, because: nil, at: now, &actions)
    }

    /// Why it cannot start yet: a sentence for `status`.
    private func blocker(of machine: InstanceMachine) -> String? {
        for name in graph.hard[machine.name, default: []] {
            guard let other = instances[name], other.isHealthy, other.shouldRun else {
                return "waits for \(name) to be healthy"
            }
        }
        for name in graph.soft[machine.name, default: []] where instances[name]?.isComing == true {
            return "waits for \(name) to start first"
        }
        for name in graph.soft[machine.name, default: []] where !members.contains(name) {
            guard machine.name.takesThePlace(of: name), instances[name]?.state.run != nil else { continue }
            return "waits for \(name), which it takes the place of, to end"
        }
        return nil
    }

    /// Whether it waits for something that is not even on its way: then nobody waits for it only to keep an order.
    private func isStuck(_ machine: InstanceMachine) -> Bool {
        graph.hard[machine.name, default: []].contains { name in
            guard let other = instances[name], other.shouldRun else { return true }
            return !other.isHealthy && !other.isComing
        }
    }

    private func hasActiveDependents(_ name: InstanceName) -> Bool {
        let isActive = { (other: InstanceName) in self.instances[other]?.state.run != nil }
        if graph.hardDependents[name, default: []].contains(where: isActive) { return true }
        // A soft dependent only goes first when it is going anyway.
        return graph.softDependents[name, default: []].contains { other in
            isActive(other) && instances[other]?.shouldRun == false
        }
    }
}

extension InstanceName {
    /// A process that gets slots, or has none any more, is the same process: it wants the same port, and a scheduler must not run
    /// twice. In two slots it may run twice.
    func takesThePlace(of earlier: InstanceName) -> Bool {
        process == earlier.process && (slot == nil) != (earlier.slot == nil)
    }
}
