import Control
import CoreTypes
import Supervision

/// A supervisor in a world of its own: children, probes, operators, clocks, a disk and the supervisor's death, all
/// from one seed. After each event the invariants are looked at.
struct Simulation {
    private(set) var machine: StackMachine
    var violations: [String] = []
    /// What happened, when it is told: only a replay needs it.
    private(set) var trace: [String] = []
    private let isTelling: Bool
    /// Events the machine was given.
    private(set) var events = 0
    private(set) var crashes = 0
    /// The ways from one state to another that were seen, when somebody wants to know.
    private(set) var transitions: Set<SeenTransition> = []
    private let isWatching: Bool

    var random: Randomness
    private let seed: UInt64
    private var now = Moment(milliseconds: 5_000)
    private var wallOffset = MachineFixture.tuesday
    var kernel = SimulatedKernel()
    var disk: SimulatedDisk
    /// What operators asked for last.
    private(set) var wishes: [InstanceName: Bool] = [:]
    private var spawns: [(name: InstanceName, run: RunID)] = []
    private var probes: [(name: InstanceName, probe: ProbeID)] = []
    private(set) var words: [InstanceName: InstanceStatus.State] = [:]
    private(set) var hasExited = false
    /// Nothing breaks any more.
    private(set) var isCalm = false
    /// How many of the current event's actions are still done before the supervisor dies.
    private var fuse = Int.max

    init(seed: UInt64, isTelling: Bool = false, isWatching: Bool = false) {
        var random = Randomness(seed: seed)
        let stack = SimulatedStack.make(&random)
        self.random = random
        self.seed = seed
        self.isTelling = isTelling
        self.isWatching = isWatching
        disk = SimulatedDisk(stack: stack)
        machine = StackMachine(stack, seed: seed)
        for spec in stack.instances { wishes[spec.name] = spec.autostart }
        perform(machine.open(remembering: [:], at: now, wall: wall), nil, .opened)
        check()
    }

    private var wall: Int64 { now.milliseconds + wallOffset }
    var clockOffset: Int64 { wallOffset }

    var nextWake: Moment? { mutating get { machine.nextWake } }

    /// One random thing happens.
    mutating func step() {
        switch random.below(200) {
        case 0..<44: answerSpawn()
        case 44..<84: answerProbe()
        case 84..<94: speak()
        case 94..<112: endSomebody()
        case 112..<126: meetFate()
        case 126..<178: passTime()
        case 178..<192: operate()
        case 192: setClock()
        case 193: toggleDisk()
        case 194..<197: kernel.stir(&random)
        case 197: crash()
        case 198: if disk.isDue { save() }
        default: if random.chance(50) { shutdown() }
        }
        check()
    }

    // MARK: The world

    private mutating func answerSpawn() {
        guard !spawns.isEmpty else { return }
        let (name, run) = spawns.removeFirst()
        if kernel.has(name) { violations.append("\(name) is spawned while one of it runs") }
        let version = machine.instances[name]?.spec.environment[SimulatedStack.version] ?? ""
        let fails = !isCalm && random.chance(6)
        guard !fails, let pid = kernel.spawn(name, run, version: version, random: &random) else {
            return tell(.spawnFailed(name, run, reason: "no"), .spawnFailed, name, "the spawn fails")
        }
        if !disk.isFull { disk.journal.insert(name) }
        tell(.spawned(name, run, pid: pid), .spawned, name, "spawned as \(pid)")
    }

    private mutating func answerProbe() {
        guard !probes.isEmpty else { return }
        let (name, probe) = probes.remove(at: random.below(probes.count))
        let isIll = !isCalm && random.chance(3)
        tell(
            .probeAnswered(name, probe, isIll ? .failure("ill") : .success), .probe, name,
            "\(probe.kind) says \(isIll ? "ill" : "well")")
    }

    /// A process says something of itself, whether or not anybody asked it to.
    private mutating func speak() {
        guard !kernel.isEmpty else { return }
        let process = kernel[random.below(kernel.count)]
        let notices = [Notice(isReady: true), Notice(isAlive: true), Notice(isStopping: true), Notice(status: "busy")]
        let notice = notices[random.below(notices.count)]
        tell(.notified(process.name, process.run, notice), .notice, process.name, "says \(notice)")
    }

    /// Whoever is asked to speak for itself says that all is well.
    private mutating func speakWell() {
        for process in kernel.processes where process.isLeaderAlive {
            guard let machine = machine.instances[process.name], machine.spec.probes.hearsNotices else { continue }
            let notice = Notice(isReady: !machine.isHealthy, isAlive: true)
            tell(.notified(process.name, process.run, notice), .notice, process.name, "says that all is well")
        }
    }

    /// Somebody ends of itself.
    private mutating func endSomebody() {
        guard !kernel.isEmpty else { return }
        let ends: [End] = [.exited(0), .exited(1), .killed(.kill), .unseen]
        end(at: random.below(kernel.count), ends[random.below(4)])
    }

    /// Somebody who was signalled ends, at last.
    private mutating func meetFate() {
        guard let index = kernel.processes.firstIndex(where: { $0.fate != nil }), let end = kernel[index].fate else {
            return
        }
        self.end(at: index, end)
    }

    private mutating func end(at index: Int, _ end: End) {
        let process = kernel[index]
        if process.isLeaderAlive {
            kernel[index].isLeaderAlive = false
            // What is left of the group needs a signal of its own, unless it was killed as well.
            let remains = process.hasRemainder && process.fate != .killed(.kill)
            kernel[index].fate = nil
            if !remains { kernel.remove(at: index) }
            tell(
                .ended(process.name, process.run, end, groupRemains: remains), .ended, process.name,
                "\(end)\(remains ? ", others of it remain" : "")")
        } else {
            kernel.remove(at: index)
            tell(.groupGone(process.name, process.run), .groupGone, process.name, "its group is gone")
        }
    }

    mutating func passTime() {
        if let wake = machine.nextWake, random.chance(2) {
            now = max(now, wake)
        } else {
            now = now + .milliseconds(Int64(random.below(2000)))
        }
        wake()
    }

    private mutating func wake() {
        if let due = machine.nextWake, due <= now { tell(.woke, .time, nil, "woke") }
        if disk.isDue, !disk.isFull, random.chance(2) { save() }
    }

    private mutating func operate() {
        guard let name = machine.order.isEmpty ? nil : machine.order[random.below(machine.order.count)] else { return }
        switch random.below(8) {
        case 0, 1:
            for name in required(by: name) { wishes[name] = true }
            tell(.asked(.start([name])), .start, name, "start \(name)")
        case 2, 3:
            wishes[name] = false
            tell(.asked(.stop([name])), .stop, name, "stop \(name)")
        case 4:
            wishes[name] = true
            tell(.asked(.restart([name])), .restart, name, "restart \(name)")
        default:
            // With a full disk the new stack cannot be kept, and nobody should apply one.
            guard !disk.isFull else { return }
            let next = SimulatedStack.change(machine.stack, &random)
            let before = Set(machine.instances.keys)
            for spec in next.instances where !before.contains(spec.name) { wishes[spec.name] = spec.autostart }
            tell(.asked(.apply(next)), .apply, nil, "apply")
        }
    }

    private func required(by name: InstanceName) -> Set<InstanceName> {
        var found: Set<InstanceName> = [name]
        var queue = [name]
        while let next = queue.popLast() {
            for other in machine.instances[next]?.spec.requires ?? []
            where machine.instances[other] != nil && found.insert(other).inserted { queue.append(other) }
        }
        return found
    }

    private mutating func setClock() {
        let steps: [Int64] = [-86_400_000 * 400, -5 * 3_600_000, -600_000, -500, 500, 600_000, 5 * 3_600_000]
        wallOffset += steps[random.below(steps.count)]
        tell(.clockSet(wall: wall), .clock, nil, "the clock is set")
    }

    private mutating func toggleDisk() {
        disk.isFull.toggle()
        note("the disk is \(disk.isFull ? "full" : "free")")
        if !disk.isFull, disk.isDurable { save() }
    }

    private mutating func shutdown() {
        tell(.asked(.shutdown), .shutdown, nil, "shutdown")
    }

    // MARK: The runtime

    private mutating func tell(
        _ event: MachineEvent, _ cause: SeenTransition.Cause, _ name: InstanceName?, _ words: @autoclosure () -> String
    ) {
        guard !hasExited else { return }
        if isTelling { note("\(name.map { "\($0): " } ?? "")\(words())") }
        fuse = isCalm || !random.chance(400) ? .max : random.below(4)
        let actions = machine.handle(event, at: now)
        events += 1
        guard perform(actions, name, cause) else { return crash() }
        if disk.isDurable { save() }
        if case .asked(.apply(let next)) = event {
            // Between the snapshot and the stack it may die as well.
            if fuse <= 0 { return crash() }
            disk.stack = next
        }
        if fuse != .max { crash() }
    }

    private mutating func save() { _ = disk.save(machine, wishes: wishes) }

    private mutating func note(_ words: String) {
        if isTelling { trace.append("\(now.milliseconds) \(words)") }
    }

    /// Whether the supervisor lived to do all of it.
    @discardableResult
    private mutating func perform(
        _ actions: [MachineAction], _ subject: InstanceName?, _ cause: SeenTransition.Cause
    ) -> Bool {
        for action in actions {
            if fuse != .max {
                fuse -= 1
                if fuse < 0 { return false }
            }
            switch action {
            case .spawn(let name, let run): spawns.append((name, run))
            case .signal(let name, let run, let signal), .signalMain(let name, let run, let signal):
                deliver(signal, to: name, run)
            case .startProbe(let name, let probe, _): probes.append((name, probe))
            case .cancelProbe(let probe): if random.chance(2) { probes.removeAll { $0.probe == probe } }
            case .publish(let transition): take(transition, subject, cause)
            case .persist(let durable): disk.ask(durable: durable)
            case .sweep(let name, let run):
                if kernel.index(of: run) != nil {
                    violations.append("\(name) is over, and something of its group runs")
                }
            case .forget(let name):
                words[name] = nil
                wishes[name] = nil
            case .exit: hasExited = true
            }
        }
        return true
    }

    private mutating func take(_ transition: Transition, _ subject: InstanceName?, _ cause: SeenTransition.Cause) {
        guard transition.kind == .state else { return }
        let before = words[transition.instance, default: .down]
        words[transition.instance] = transition.state
        if isTelling {
            note("  \(transition.instance) is \(transition.state)\(transition.reason.map { ": \($0)" } ?? "")")
        }
        guard isWatching else { return }
        let isOwn = subject == nil || subject == transition.instance
        transitions.insert(SeenTransition(from: before, to: transition.state, cause: isOwn ? cause : .other))
    }

    private mutating func deliver(_ signal: SignalNumber, to name: InstanceName, _ run: RunID) {
        guard let index = kernel.index(of: run) else {
            violations.append("\(signal) goes to \(name), of which nothing runs: to whoever has its pid now")
            return
        }
        if signal == .kill {
            if kernel[index].isStuck {
                kernel[index].isStuck = false
            } else {
                kernel[index].fate = .killed(.kill)
            }
        } else if !kernel[index].ignoresTerm, kernel[index].fate == nil {
            kernel[index].fate = .killed(signal)
        }
    }

    /// The supervisor is gone at once, and the next one takes up what it finds.
    private mutating func crash() {
        guard !hasExited else { return }
        crashes += 1
        note("the supervisor is killed")
        fuse = .max
        spawns = []
        probes = []
        words = [:]
        disk.isDue = false
        disk.isDurable = false
        now = now + .milliseconds([10, 2000, 7_200_000][random.below(3)])
        // While nobody looks: some end, their pids go to others.
        for index in stride(from: kernel.count - 1, through: 0, by: -1)
        where random.chance(4) || kernel[index].fate != nil && random.chance(2) {
            kernel.remove(at: index)
            kernel.stir(&random)
        }
        let stack = disk.stack
        let members = Set(stack.instances.map(\.name))
        // What its marks do not tell to be a main process of the stack is killed.
        kernel.removeAll { !$0.isLeaderAlive || !members.contains($0.name) }
        machine = StackMachine(stack, seed: seed &+ UInt64(crashes))
        var memories = disk.remembered
        for process in kernel.processes {
            let autostart = stack.instances.first { $0.name == process.name }?.autostart ?? true
            memories[process.name, default: .init(wanted: autostart)].pid = process.pid
            memories[process.name]?.ending = nil
        }
        wishes = [:]
        for spec in stack.instances { wishes[spec.name] = disk.wishes[spec.name] ?? spec.autostart }
        let actions = machine.open(remembering: memories, at: now, wall: wall)
        for index in 0..<kernel.count {
            guard let run = machine.instances[kernel[index].name]?.state.run else {
                violations.append("\(kernel[index].name) still runs, and is not taken over")
                continue
            }
            kernel[index].run = run
        }
        perform(actions, nil, .opened)
        if disk.isDurable { save() }
    }

    // MARK: Ends

    /// Nothing fails any more, and everything gets its time.
    mutating func calmDown() {
        isCalm = true
        if disk.isFull { toggleDisk() }
        for _ in 0..<3000 where violations.isEmpty && !hasExited {
            if !spawns.isEmpty {
                answerSpawn()
            } else if !probes.isEmpty {
                answerProbe()
            } else if kernel.processes.contains(where: { $0.fate != nil }) {
                meetFate()
            } else if let index = kernel.processes.firstIndex(where: { process in
                process.isLeaderAlive && machine.instances[process.name]?.spec.kind == .oneshot
            }) {
                end(at: index, .exited(0))
            } else if isBusy {
                speakWell()
                if isBusy, let wake = machine.nextWake {
                    now = max(now, wake)
                    self.wake()
                }
            } else {
                break
            }
            check()
        }
        judge()
    }

    /// Somebody is on the way from one state to another, or not yet found healthy.
    private var isBusy: Bool {
        machine.instances.values.contains { machine in
            switch machine.state {
            case .spawning, .stopping, .backingOff: return true
            case .running: return !machine.isHealthy
            case .down, .waiting, .failed, .completed, .scheduled: return false
            }
        }
    }

    /// Lets everything that is under way come to its end, and tells whether the stack is stopped.
    mutating func shutDown() -> Bool {
        isCalm = true
        if disk.isFull { toggleDisk() }
        shutdown()
        for _ in 0..<3000 where !hasExited {
            if !spawns.isEmpty {
                answerSpawn()
            } else if kernel.processes.contains(where: { $0.fate != nil }) {
                meetFate()
            } else if let wake = machine.nextWake {
                now = max(now, wake)
                self.wake()
            }
            check()
        }
        return hasExited && kernel.isEmpty
    }
}
