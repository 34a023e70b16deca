import Control
import CoreTypes
import Supervision

/// A machine with a clock that only the test moves, and children that do what the test says.
struct MachineFixture {
    var machine: StackMachine
    var now = Moment(milliseconds: 1_000_000)
    var actions: [MachineAction] = []
    private var nextPid: Int32 = 100

    /// What the clock on the wall says: a Tuesday at midnight.
    var wall: Int64 { now.milliseconds + offset }
    private var offset = MachineFixture.tuesday - 1_000_000
    static let tuesday: Int64 = 1_795_478_400_000

    init(
        _ specs: [InstanceSpec], seed: UInt64 = 1, remembering memories: [String: StackMachine.Memory] = [:],
        after downtime: TimeSpan = .zero
    ) {
        machine = StackMachine(Self.stack(specs), seed: seed)
        now = now + downtime
        let memories = Dictionary(uniqueKeysWithValues: memories.map { (instance($0.key), $0.value) })
        actions = machine.open(remembering: memories, at: now, wall: wall)
    }

    /// The clock on the wall is set by so much, and the machine is told.
    mutating func setClock(by span: TimeSpan) {
        offset += span.milliseconds
        tell(.clockSet(wall: wall))
    }

    static func stack(_ specs: [InstanceSpec]) -> Stack {
        Stack(profile: "test", directories: .init(state: "/s", logs: "/l", run: "/r"), instances: specs)
    }

    mutating func tell(_ event: MachineEvent) { actions += machine.handle(event, at: now) }

    mutating func ask(_ request: MachineEvent.Request) { tell(.asked(request)) }

    /// Time passes; every deadline on the way is kept.
    mutating func pass(_ span: TimeSpan) {
        let end = now + span
        while let wake = machine.nextWake, wake <= end {
            now = max(wake, now)
            tell(.woke)
        }
        now = end
    }

    /// Answers every open `.spawn` with success.
    mutating func spawnAll() {
        while let (name, run) = nextSpawn() {
            nextPid += 1
            tell(.spawned(name, run, pid: nextPid))
        }
    }

    /// Answers every open `.spawn` with a failure.
    mutating func failSpawns(_ reason: String = "no such file") {
        for _ in 0..<100 {
            guard let (name, run) = nextSpawn() else { return }
            tell(.spawnFailed(name, run, reason: reason))
        }
    }

    private func nextSpawn() -> (InstanceName, RunID)? {
        for machine in machine.instances.values {
            if case .spawning(let run, _) = machine.state { return (machine.name, run) }
        }
        return nil
    }

    mutating func end(_ name: String, _ end: End, groupRemains: Bool = false) {
        let name = instance(name)
        guard let run = machine.instances[name]?.state.run else { return }
        tell(.ended(name, run, end, groupRemains: groupRemains))
    }

    mutating func groupGone(_ name: String) {
        let name = instance(name)
        guard let run = machine.instances[name]?.state.run else { return }
        tell(.groupGone(name, run))
    }

    /// Answers the newest open question of a probe.
    mutating func answer(_ name: String, _ kind: ProbeKind, _ outcome: ProbeOutcome) {
        for case .startProbe(let instance, let probe, _) in actions.reversed()
        where instance.description == name && probe.kind == kind {
            tell(.probeAnswered(instance, probe, outcome))
            return
        }
    }

    /// The instance's process says something of itself.
    mutating func say(_ name: String, _ notice: Notice) {
        let name = instance(name)
        guard let run = machine.instances[name]?.state.run else { return }
        tell(.notified(name, run, notice))
    }

    var persists: Bool { actions.contains { if case .persist = $0 { true } else { false } } }

    func state(_ name: String) -> InstanceStatus.State { status(name).state }

    func status(_ name: String) -> InstanceStatus {
        machine.statuses { $0.milliseconds }.first { $0.name.description == name }!
    }

    /// The signals sent since `takeActions`, as `api@blue TERM`.
    var signals: [String] {
        actions.compactMap {
            switch $0 {
            case .signal(let name, _, let signal): return "\(name) \(signal)"
            case .signalMain(let name, _, let signal): return "\(name) \(signal) main"
            default: return nil
            }
        }
    }

    var spawned: [String] {
        actions.compactMap {
            guard case .spawn(let name, _) = $0 else { return nil }
            return name.description
        }
    }

    var transitions: [Transition] {
        actions.compactMap {
            guard case .publish(let transition) = $0 else { return nil }
            return transition
        }
    }

    mutating func clear() { actions = [] }
}

func instance(_ text: String) -> InstanceName {
    do { return try InstanceName(text) } catch { fatalError("the test names no instance: \(error)") }
}

func spec(
    _ name: String, kind: InstanceSpec.Kind = .service, requires: [String] = [], after: [String] = [],
    restart: RestartPolicy = RestartPolicy(), probes: ProbeSet = ProbeSet(), stop: [StopStep] = StopStep.standard,
    autostart: Bool = true, schedule: String? = nil
) -> InstanceSpec {
    InstanceSpec(
        name: instance(name), kind: schedule == nil ? kind : .oneshot, command: ["/bin/\(name)"],
        schedule: schedule.map(timetable), autostart: autostart,
        requires: requires.map(instance), after: after.map(instance), restart: restart, probes: probes, stop: stop)
}

func timetable(_ text: String) -> Schedule {
    do { return try Schedule(text) } catch { fatalError("the test has no schedule: \(error)") }
}

let tcp = ProbeSpec(check: .tcp(port: 1))
