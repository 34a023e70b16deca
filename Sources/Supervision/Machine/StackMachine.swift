package import Control
package import CoreTypes

/// The whole supervisor as a value: events in, actions out. It does no I/O and reads no clock.
///
/// `docs/supervisor.md` tells its states, events, priorities and timers in words.
package struct StackMachine: Sendable {
    /// The stack without its instances: their specs live in `instances`.
    var outline: Stack
    /// The stack's instances in its order; one that left is not among them, though it may still run.
    package internal(set) var order: [InstanceName] = []
    var members: Set<InstanceName> = []
    package internal(set) var instances: [InstanceName: InstanceMachine] = [:]
    package internal(set) var isShuttingDown = false
    var graph: DependencyGraph
    var deadlines = DeadlineQueue()
    /// What to add to a moment to get milliseconds since 1970: `open` and `.clockSet` tell.
    var wallOffset: Int64 = 0
    var random: Randomness
    private var lastRun: UInt64 = 0
    private var hasExited = false
    /// During a shutdown nothing starts, so what was found at rest need not be looked at again.
    private var resting = 0
    /// What there was when the shutdown began.
    var leaving: [InstanceName] = []

    package init(_ stack: Stack, seed: UInt64) {
        outline = stack
        outline.instances = []
        random = Randomness(seed: seed)
        graph = DependencyGraph(stack.instances)
        for spec in stack.instances {
            order.append(spec.name)
            members.insert(spec.name)
            instances[spec.name] = InstanceMachine(spec, wanted: spec.autostart, at: Moment(milliseconds: 0))
        }
    }

    package var profile: String { outline.profile }
    package var live: Slot? { outline.live }
    package var metrics: MetricsEndpoint? { outline.metrics }

    /// What it runs, put together anew.
    package var stack: Stack {
        var stack = outline
        stack.instances = order.compactMap { instances[$0]?.spec }
        return stack
    }

    /// Takes up the stack: re-adopts what still runs, starts what is wanted. Call it once, first.
    ///
    /// `wall` is what the clock on the wall says now, in milliseconds since 1970.
    package mutating func open(
        remembering memories: [InstanceName: Memory], at now: Moment, wall: Int64
    ) -> [MachineAction] {
        var actions: [MachineAction] = []
        wallOffset = wall - now.milliseconds
        for name in order {
            guard let spec = instances[name]?.spec else { continue }
            let memory = memories[name]
            var machine = InstanceMachine(spec, wanted: memory?.wanted ?? spec.autostart, at: now)
            machine.recall(memory, makeRun(), at: now, wall: wall, &actions)
            instances[name] = machine
        }
        actions.append(.persist(durable: true))
        settle(order, at: now, &actions)
        return actions
    }

    /// The moment at which `.woke` is due.
    package var nextWake: Moment? {
        mutating get { deadlines.next() }
    }

    /// For tests: how much room deadlines take.
    package var pendingDeadlines: Int { deadlines.count }

    package mutating func handle(_ event: MachineEvent, at now: Moment) -> [MachineAction] {
        var actions: [MachineAction] = []
        switch event {
        case .spawned(let name, let run, let pid):
            change(name, at: now, &actions) { machine, _, actions in
                machine.spawned(run, pid: pid, at: now, &actions)
            }
        case .spawnFailed(let name, let run, let reason):
            change(name, at: now, &actions) { machine, random, actions in
                machine.spawnFailed(run, reason, at: now, random: &random, &actions)
            }
        case .ended(let name, let run, let end, let groupRemains):
            change(name, at: now, &actions) { machine, random, actions in
                machine.ended(run, end, groupRemains: groupRemains, at: now, random: &random, &actions)
            }
        case .groupGone(let name, let run):
            change(name, at: now, &actions) { machine, random, actions in
                machine.groupGone(run, at: now, random: &random, &actions)
            }
        case .probeAnswered(let name, let probe, let outcome):
            change(name, at: now, &actions) { machine, _, actions in
                machine.probeAnswered(probe, outcome, at: now, &actions)
            }
        case .notified(let name, let run, let notice):
            change(name, at: now, &actions) { machine, _, actions in
                machine.notified(run, notice, at: now, &actions)
            }
        case .woke:
            let wall = now.milliseconds + wallOffset
            while let name = deadlines.popDue(at: now) {
                change(name, at: now, &actions) { machine, _, actions in
                    machine.fallDue(at: now, wall: wall, &actions)
                    machine.woke(at: now, &actions)
                }
            }
        case .clockSet(let wall):
            wallOffset = wall - now.milliseconds
            for name in order {
                change(name, at: now, &actions) { machine, _, actions in
                    machine.clockSet(at: now, wall: wall, &actions)
                }
            }
        case .asked(let request): ask(request, at: now, &actions)
        }
        exitWhenDone(&actions)
        return actions
    }

    mutating func makeRun() -> RunID {
        lastRun += 1
        return RunID(number: lastRun)
    }

    private mutating func exitWhenDone(_ actions: inout [MachineAction]) {
        guard isShuttingDown, !hasExited else { return }
        while resting < leaving.count, instances[leaving[resting]]?.state.run == nil { resting += 1 }
        guard resting == leaving.count else { return }
        hasExited = true
        actions.append(.exit)
    }
}
