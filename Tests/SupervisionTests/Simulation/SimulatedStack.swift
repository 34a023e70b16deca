import Control
import CoreTypes
import Supervision

/// Random stacks, and random changes of them.
enum SimulatedStack {
    static let names = (0..<9).map { instance("p\($0)") }
    private static let schedules = ["every 10s", "every 1m", "*:0/7", "hourly", "Mon..Fri 03:30"].map(timetable)
    /// What a start takes from a definition.
    static let version = "V"

    /// Acyclic: everybody depends on earlier ones only.
    static func make(_ random: inout Randomness) -> Stack {
        var specs: [InstanceSpec] = []
        for index in 0...random.below(6) { specs.append(one(names[index], after: specs, &random)) }
        return MachineFixture.stack(specs)
    }

    private static func one(
        _ name: InstanceName, after earlier: [InstanceSpec], _ random: inout Randomness
    ) -> InstanceSpec {
        var one = spec("\(name)")
        connect(&one, to: earlier, &random)
        switch random.below(7) {
        case 0: one.kind = .oneshot
        case 1:
            one.kind = .oneshot
            one.schedule = schedules[random.below(schedules.count)]
        default: break
        }
        one.autostart = !random.chance(8)
        one.restart.mode = RestartPolicy.Mode.allCases[random.below(3)]
        if random.chance(4) { one.restart.initial = .zero }
        if random.chance(2) { one.restart.limit = .init(count: 4, window: .seconds(60)) }
        // What has a schedule may have a liveness probe, and no other.
        if one.schedule == nil, random.chance(2) { one.probes.startup = probe(&random) }
        if one.schedule == nil, random.chance(2) { one.probes.readiness = probe(&random) }
        if random.chance(2) { one.probes.liveness = probe(&random) }
        return one
    }

    private static func probe(_ random: inout Randomness) -> ProbeSpec {
        random.chance(3) ? ProbeSpec(check: .notify) : tcp
    }

    private static func connect(_ one: inout InstanceSpec, to earlier: [InstanceSpec], _ random: inout Randomness) {
        one.requires = []
        one.after = []
        for other in earlier where random.chance(4) {
            if other.schedule == nil, random.chance(2) {
                one.requires.append(other.name)
            } else {
                one.after.append(other.name)
            }
        }
    }

    /// Another stack, near this one: definitions, dependencies, schedules, probes, members.
    static func change(_ stack: Stack, _ random: inout Randomness) -> Stack {
        var next = stack
        switch random.below(6) {
        case 0:
            for index in next.instances.indices where random.chance(2) {
                next.instances[index].environment[version] = "\(random.below(3))"
            }
        case 1:
            for index in next.instances.indices where random.chance(2) {
                let earlier = Array(next.instances[..<index])
                connect(&next.instances[index], to: earlier, &random)
            }
        case 2:
            guard let index = pick(next.instances.count, &random), next.instances[index].kind == .oneshot else { break }
            let isAgain = next.instances[index].schedule == nil || random.chance(2)
            next.instances[index].schedule = isAgain ? schedules[random.below(schedules.count)] : nil
        case 3:
            guard let index = pick(next.instances.count, &random) else { break }
            next.instances[index].probes.readiness = random.chance(2) ? tcp : nil
            next.instances[index].restart.mode = RestartPolicy.Mode.allCases[random.below(3)]
        case 4:
            let free = names.filter { name in !next.instances.contains { $0.name == name } }
            guard let index = pick(free.count, &random) else { break }
            next.instances.append(one(free[index], after: next.instances, &random))
        default:
            guard let index = pick(next.instances.count, &random) else { break }
            let name = next.instances.remove(at: index).name
            for index in next.instances.indices {
                next.instances[index].requires.removeAll { $0 == name }
                next.instances[index].after.removeAll { $0 == name }
            }
        }
        return next.problems.isEmpty ? next : stack
    }

    private static func pick(_ count: Int, _ random: inout Randomness) -> Int? {
        count > 0 ? random.below(count) : nil
    }
}
