import Control
import CoreTypes
import Supervision

/// Children, probes, operators and time, all from one seed; after each event the invariants are looked at.
struct Simulation {
    private struct Process {
        let name: InstanceName
        let run: RunID
        var isLeaderAlive = true
        var hasRemainder: Bool
        var ignoresTerm: Bool
    }

    private(set) var machine: StackMachine
    private(set) var violations: [String] = []
    private(set) var trace: [String] = []
    private var random: Randomness
    private var now = Moment(milliseconds: 0)
    private var processes: [RunID: Process] = [:]
    private var spawns: [(InstanceName, RunID)] = []
    private var probes: [(InstanceName, ProbeID)] = []
    private var words: [InstanceName: InstanceStatus.State] = [:]
    private var hasExited = false

    init(seed: UInt64) {
        var random = Randomness(seed: seed)
        let stack = Self.stack(&random)
        self.random = random
        machine = StackMachine(stack, seed: seed)
        perform(machine.open(remembering: [:], at: now, wall: 0))
    }

    /// A random acyclic stack: everybody depends on earlier ones only.
    private static func stack(_ random: inout Randomness) -> Stack {
        var specs: [InstanceSpec] = []
        for index in 0..<Int.random(in: 1...7, using: &random) {
            var one = spec("p\(index)")
            for earlier in specs where Int.random(in: 0..<4, using: &random) == 0 {
                if Bool.random(using: &random) {
                    one.requires.append(earlier.name)
                } else {
                    one.after.append(earlier.name)
                }
            }
            one.kind = Int.random(in: 0..<5, using: &random) == 0 ? .oneshot : .service
            one.restart.mode = RestartPolicy.Mode.allCases.randomElement(using: &random)!
            if Bool.random(using: &random) { one.restart.limit = .init(count: 4, window: .seconds(60)) }
            if Bool.random(using: &random) { one.probes.startup = probe(&random) }
            if Bool.random(using: &random) { one.probes.readiness = probe(&random) }
            if Bool.random(using: &random) { one.probes.liveness = probe(&random) }
            specs.append(one)
        }
        return MachineFixture.stack(specs)
    }

    private static func probe(_ random: inout Randomness) -> ProbeSpec {
        Int.random(in: 0..<3, using: &random) == 0 ? ProbeSpec(check: .notify) : tcp
    }

    /// One random event.
    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: answerSpawn()
        case 25..<45: answerProbe()
        case 45..<50: speak()
        case 50..<60: endSomebody()
        case 60..<92: passTime()
        case 92..<99: operate()
        default:
            if Int.random(in: 0..<20, using: &random) == 0 { tell(.asked(.shutdown), "shutdown") }
        }
        check()
    }

    private mutating func answerSpawn() {
        guard !spawns.isEmpty else { return }
        let (name, run) = spawns.removeFirst()
        if Int.random(in: 0..<6, using: &random) == 0 {
            tell(.spawnFailed(name, run, reason: "no"), "spawn of \(name) fails")
        } else {
            if processes.values.contains(where: { $0.name == name }) { violations.append("two runs of \(name)") }
            processes[run] = Process(
                name: name, run: run, hasRemainder: Int.random(in: 0..<4, using: &random) == 0,
                ignoresTerm: Int.random(in: 0..<4, using: &random) == 0)
            tell(.spawned(name, run, pid: Int32(run.number)), "spawned \(name)")
        }
    }

    private mutating func answerProbe() {
        guard let index = probes.indices.randomElement(using: &random) else { return }
        let (name, probe) = probes.remove(at: index)
        let outcome: ProbeOutcome = Int.random(in: 0..<3, using: &random) == 0 ? .failure("ill") : .success
        tell(.probeAnswered(name, probe, outcome), "\(probe.kind) of \(name): \(outcome)")
    }

    /// A process says something of itself.
    private mutating func speak() {
        guard let process = processes.values.sorted(by: { $0.run < $1.run }).randomElement(using: &random) else {
            return
        }
        let notice = [Notice(isReady: true), Notice(isAlive: true), Notice(isStopping: true), Notice(status: "x")]
            .randomElement(using: &random)!
        tell(.notified(process.name, process.run, notice), "\(process.name) says \(notice)")
    }

    private mutating func endSomebody() {
        guard let process = processes.values.sorted(by: { $0.run < $1.run }).randomElement(using: &random) else {
            return
        }
        end(process.run, [.exited(0), .exited(1), .killed(.kill), .unseen].randomElement(using: &random)!)
    }

    private mutating func end(_ run: RunID, _ end: End) {
        guard let process = processes[run] else { return }
        if process.isLeaderAlive {
            processes[run]?.isLeaderAlive = false
            if !process.hasRemainder { processes[run] = nil }
            tell(.ended(process.name, run, end, groupRemains: process.hasRemainder), "\(process.name) \(end)")
        } else {
            processes[run] = nil
            tell(.groupGone(process.name, run), "group of \(process.name) gone")
        }
    }

    private mutating func passTime() {
        if let wake = machine.nextWake, Bool.random(using: &random) {
            now = max(now, wake)
        } else {
            now = now + .milliseconds(Int64.random(in: 0...2000, using: &random))
        }
        if let wake = machine.nextWake, wake <= now { tell(.woke, "woke") }
    }

    private mutating func operate() {
        guard let name = machine.instances.keys.sorted().randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: tell(.asked(.start([name])), "start \(name)")
        case 1: tell(.asked(.stop([name])), "stop \(name)")
        case 2: tell(.asked(.restart([name])), "restart \(name)")
        case 3:
            var next = machine.stack
            for index in next.instances.indices where Bool.random(using: &random) {
                next.instances[index].environment["V"] = "\(Int.random(in: 0..<3, using: &random))"
            }
            tell(.asked(.apply(next)), "apply")
        default:
            // Leaves the stack unless somebody depends on it.
            var next = machine.stack
            next.instances.removeAll { $0.name == name }
            if next.problems.isEmpty { tell(.asked(.apply(next)), "remove \(name)") }
        }
    }

    private mutating func tell(_ event: MachineEvent, _ words: String) {
        trace.append("\(now.milliseconds) \(words)")
        perform(machine.handle(event, at: now))
    }

    private mutating func perform(_ actions: [MachineAction]) {
        for action in actions {
            switch action {
            case .spawn(let name, let run): spawns.append((name, run))
            case .signal(let name, let run, let signal):
                guard let process = processes[run] else {
                    violations.append("\(signal) to \(name), of which nothing runs")
                    continue
                }
                if signal == .kill {
                    // The kernel ends the whole group; the news of it come one by one.
                    processes[run]?.hasRemainder = false
                    end(run, .killed(.kill))
                } else if !process.ignoresTerm, Bool.random(using: &random) {
                    end(run, .killed(signal))
                }
            case .startProbe(let name, let probe, _): probes.append((name, probe))
            case .cancelProbe(let probe): probes.removeAll { $0.1 == probe && Bool.random(using: &random) }
            case .publish(let transition):
                if transition.kind == .state { words[transition.instance] = transition.state }
            case .exit: hasExited = true
            case .sweep, .persist, .forget: break
            }
        }
    }

    private mutating func check() {
        for machine in machine.instances.values {
            let name = machine.name
            let running = processes.values.filter { $0.name == name }
            if running.count > 1 { violations.append("two processes of \(name)") }
            switch machine.state {
            case .backingOff(let until):
                if self.machine.nextWake.map({ $0 > until }) ?? true {
                    violations.append("\(name) backs off without a timer")
                }
            case .stopping(let stopping):
                if case .step(_, let deadline) = stopping.phase, self.machine.nextWake.map({ $0 > deadline }) ?? true {
                    violations.append("\(name) stops without a timer")
                }
                if running.isEmpty { violations.append("\(name) stops, and nothing of it runs") }
            case .running(let run):
                if processes[run.id] == nil { violations.append("\(name) is said to run, and does not") }
                if machine.spec.requires.contains(where: { required in
                    switch self.machine.instances[required]?.state {
                    case .running?, .completed?: return false
                    default: return true
                    }
                }) {
                    violations.append("\(name) runs without what it requires")
                }
            case .down, .waiting, .failed, .completed:
                if !running.isEmpty { violations.append("\(name) is \(machine.state.word), and something of it runs") }
            case .spawning: break
            }
            if words[name, default: .down] != machine.state.word {
                violations.append("events and state of \(name) differ")
            }
        }
        for process in processes.values where machine.instances[process.name] == nil {
            violations.append("\(process.name) runs and nobody knows it")
        }
        if hasExited, !processes.isEmpty { violations.append("it exited, and something runs") }
    }

    /// Lets everything that is under way come to its end, and tells whether the stack is stopped.
    mutating func shutDown() -> Bool {
        tell(.asked(.shutdown), "shutdown")
        for _ in 0..<2000 where !hasExited {
            while !spawns.isEmpty { answerSpawn() }
            if let wake = machine.nextWake { now = max(now, wake) }
            tell(.woke, "woke")
            for run in processes.keys.sorted() where !(processes[run]?.isLeaderAlive ?? true) { end(run, .unseen) }
            check()
        }
        return hasExited && processes.isEmpty
    }
}
