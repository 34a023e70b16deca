import Control
import CoreTypes
import Host
import Profiles
import SystemPackage

/// Does what the machine says, one action at a time; decides nothing about the course of the switch.
struct SwitchWork {
    let from: Slot
    let to: Slot
    var record: SlotRecord
    let profile: Profile
    let layout: Layout
    let host: any Host
    let supervisor: any SupervisorClient
    let frontDoor: any FrontDoorClient
    let report: @Sendable (SwitchProgress) -> Void

    /// nginx workers that still read the old `live.conf`.
    private var oldWorkers: Set<Int32> = []
    private var cut = 0

    init(
        from: Slot, to: Slot, record: SlotRecord, profile: Profile, layout: Layout, host: any Host,
        supervisor: any SupervisorClient, frontDoor: any FrontDoorClient,
        report: @escaping @Sendable (SwitchProgress) -> Void
    ) {
        self.from = from
        self.to = to
        self.record = record
        self.profile = profile
        self.layout = layout
        self.host = host
        self.supervisor = supervisor
        self.frontDoor = frontDoor
        self.report = report
    }

    private var compiler: StackCompiler { StackCompiler(profile: profile, layout: layout) }
    private var nginx: NginxProgram { NginxProgram(host: host, layout: layout, profile: profile) }

    mutating func perform(_ action: SwitchMachine.Action) async throws {
        switch action {
        case .checkPorts(let slot): try checkPorts(slot)
        case .record(let stage): try record(stage)
        case .start(let slot): try supervisor.start(compiler.instances(of: slot))
        case .awaitHealth(let slot): try await awaitHealth(slot)
        case .test(let slot): try await nginx.test(slot)
        case .write(let slot): try nginx.write(live: slot)
        case .reload: try await reload()
        case .verify(let slot): try await verify(slot)
        case .apply(let live): _ = try supervisor.apply(try compiler.compile(record, live: live))
        case .drain(let slot): try await drain(slot)
        case .stop(let slot): try await stop(slot)
        case .conclude(let previous):
            record.ongoing = nil
            record.previous = previous ?? record.previous
            try record.save(layout, on: host)
        case .end: break
        }
    }

    func conclusion(of outcome: SwitchOutcome, isResumed: Bool) throws -> SwitchReport {
        switch outcome {
        case .untouched, .returned:
            // Taking up a stopped switch has worked when one slot is live, whichever it is.
            if isResumed { return SwitchReport(live: from, previous: record.previous, hasMoved: false, cut: cut) }
        case .switched, .leftOver, .unfinished, .stuck: break
        }
        if let error = outcome.error(from: from, to: to) { throw error }
        return SwitchReport(live: to, previous: record.previous, hasMoved: true, cut: cut)
    }

    private mutating func record(_ stage: SwitchStage) throws {
        let began = record.ongoing?.began ?? host.wallTime()
        record.ongoing = SlotRecord.OngoingSwitch(from: from, to: to, stage: stage, began: began)
        try record.save(layout, on: host)
        report(.stage(stage, from: from, to: to))
    }

    private func checkPorts(_ slot: Slot) throws {
        let running = Set(try supervisor.status().instances.filter { $0.pid != nil }.map(\.name))
        let taken = try compiler.ports(of: slot).filter { !running.contains($0.instance) }.compactMap { need in
            try host.network.listener(on: need.port).map {
                "port \(need.port), for \(need.instance), is taken by \($0.sentence)"
            }
        }
        guard taken.isEmpty else {
            throw SwitchProblem(taken.joined(separator: "; "), next: "stop what holds it, then switch again")
        }
    }

    private mutating func reload() async throws {
        oldWorkers.formUnion(try workers())
        switch profile.frontDoor.manager {
        case .supervisor: try supervisor.signal(InstanceName(try ProcessName(StackCompiler.nginx)), "HUP")
        case .systemd: try await host.units.reload(NginxProgram.unit)
        }
    }

    private func workers() throws -> [Int32] {
        guard let master = try nginxPid() else { throw SwitchProblem("nginx is not running", next: "bedplate status") }
        return try host.processes.children(of: master).map(\.pid)
    }

    private func nginxPid() throws -> Int32? {
        switch profile.frontDoor.manager {
        case .supervisor:
            return try supervisor.status().instances.first { $0.name.description == StackCompiler.nginx }?.pid
        case .systemd:
            guard let text = try host.files.readIfPresent("/run/nginx.pid", limit: 64) else { return nil }
            return Int32(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
    }
}

/// What waits.
extension SwitchWork {
    private static let poll = Duration.milliseconds(50)

    private func awaitHealth(_ slot: Slot) async throws {
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.startLimit
        let wanted = compiler.instances(of: slot)
        while true {
            let statuses = try supervisor.status().instances
            let sick = try wanted.compactMap { name -> InstanceStatus? in
                guard let status = statuses.first(where: { $0.name == name }) else {
                    throw SwitchProblem("the supervisor does not know \(name)", next: "bedplate trial start")
                }
                return status.healthy ? nil : status
            }
            guard let first = sick.first(where: \.isHopeless) ?? sick.first else { return }
            guard stopwatch.elapsed < limit, !first.isHopeless else { throw try problem(of: first) }
            report(.waiting(for: first.name, first.reason))
            try await host.clock.sleep(for: Self.poll)
        }
    }

    private func problem(of status: InstanceStatus) throws -> SwitchProblem {
        var lines = status.lastLines ?? []
        if lines.isEmpty {
            try supervisor.logs(status.name, lines: 5, follow: false) { line in
                lines.append(line.text)
                return true
            }
        }
        let reason = status.reason ?? status.lastEnd.map { "it \($0)" } ?? "it is \(status.state.rawValue)"
        let said = lines.isEmpty ? "" : "\n" + lines.suffix(5).map { "    | \($0)" }.joined(separator: "\n")
        return SwitchProblem("\(status.name) is not healthy: \(reason)\(said)", next: "bedplate logs \(status.name)")
    }

    /// An old worker answers for a moment after a reload: one answer proves little, many in a row do.
    private func verify(_ slot: Slot) async throws {
        let stopwatch = Stopwatch(host.clock)
        let enough = 10
        var agreeing = 0
        var last = ""
        while agreeing < enough {
            do {
                let answered = try await frontDoor.slot()
                agreeing = answered == slot ? agreeing + 1 : 0
                last = "it answers '\(answered)'"
            } catch {
                agreeing = 0
                last = SwitchProblem(error).description
            }
            if agreeing > 0 { continue }
            guard stopwatch.elapsed < .seconds(10) else {
                throw SwitchProblem("the front door does not lead to \(slot): \(last)", next: "bedplate logs nginx")
            }
            try await host.clock.sleep(for: Self.poll)
        }
    }

    /// Until every nginx worker of before the reload is gone and nobody is connected to the slot, or the time is up. A
    /// worker may hold a request that it has not passed on yet, so the slot's own connections do not tell enough.
    private mutating func drain(_ slot: Slot) async throws {
        let stopwatch = Stopwatch(host.clock)
        // The kernel's tables change while they are read: one look may miss an entry, two in a row do not.
        var quiet = 0
        while true {
            let left = try Set(workers()).intersection(oldWorkers).count
            let open = try compiler.ports(of: slot).map { try host.network.connections(to: $0.port) }.reduce(0, +)
            quiet = left + open == 0 ? quiet + 1 : 0
            guard quiet < 2 else { return }
            guard stopwatch.elapsed < profile.frontDoor.drain.duration else {
                cut += open
                return
            }
            if quiet == 0 { report(.draining(connections: open)) }
            try await host.clock.sleep(for: Self.poll)
        }
    }

    private func stop(_ slot: Slot) async throws {
        let names = compiler.instances(of: slot)
        try supervisor.stop(names)
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.stopLimit
        while let running = try supervisor.status().instances.first(where: { names.contains($0.name) && $0.pid != nil })
        {
            guard stopwatch.elapsed < limit else {
                throw SwitchProblem("\(running.name) does not stop", next: "bedplate logs \(running.name)")
            }
            try await host.clock.sleep(for: Self.poll)
        }
    }
}

extension InstanceStatus {
    /// It will not become healthy by waiting.
    fileprivate var isHopeless: Bool { state == .failed || restarts >= 5 }
}
