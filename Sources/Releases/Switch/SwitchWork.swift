import Control
import CoreTypes
import Host
import Profiles
import SystemPackage

/// Does what the machine says, one action at a time; decides nothing about the course of the switch.
struct SwitchWork {
    let from: Slot
    let to: Slot
    let plan: SwitchPlan
    var record: SlotRecord
    let profile: Profile
    let layout: Layout
    let host: any Host
    let supervisor: any SupervisorClient
    let frontDoor: any FrontDoorClient
    let report: @Sendable (SwitchProgress) -> Void

    private let stopwatch: Stopwatch
    private var moved: Duration?
    /// Percent, as the file says that nginx is to read.
    private var share: Int?
    /// Since nginx was told to read `live.conf`.
    private var reloaded: Stopwatch?
    /// nginx workers that still read an older `live.conf`.
    private var oldWorkers: Set<Int32> = []
    private var cut = 0
    private var closedStreams = 0
    /// The front door's answers since the first client could meet the new slot, and what was usual before.
    var answers: AccessLog?
    var usual = ErrorRate()

    init(
        _ machine: SwitchMachine, record: SlotRecord, profile: Profile, layout: Layout, host: any Host,
        supervisor: any SupervisorClient, frontDoor: any FrontDoorClient, stopwatch: Stopwatch,
        report: @escaping @Sendable (SwitchProgress) -> Void
    ) {
        from = machine.from
        to = machine.to
        plan = machine.plan
        self.record = record
        self.profile = profile
        self.layout = layout
        self.host = host
        self.supervisor = supervisor
        self.frontDoor = frontDoor
        self.stopwatch = stopwatch
        self.report = report
    }

    var compiler: StackCompiler { StackCompiler(profile: profile, layout: layout) }
    var nginx: NginxProgram { NginxProgram(host: host, layout: layout, profile: profile) }
    func instances(_ slot: Slot) -> SlotInstances {
        SlotInstances(slot: slot, profile: profile, layout: layout, host: host, supervisor: supervisor)
    }
    private var processes: NginxProcesses { NginxProcesses(profile: profile, host: host, supervisor: supervisor) }

    mutating func perform(_ action: SwitchMachine.Action) async throws {
        switch action {
        case .checkPorts(let slot): try await instances(slot).checkPorts()
        case .record(let stage): try record(stage)
        case .apply(let live):
            let stack = try compiler.compile(record, live: live)
            _ = try await host.patiently { try supervisor.apply(stack) }
        case .start(let slot, let role): try await instances(slot).start(role)
        case .awaitHealth(let slot, let role):
            let report = report
            try await instances(slot).awaitHealth(role) { report(.waiting(for: $0, $1)) }
        case .prepare(let slot): try await instances(slot).prepare()
        case .awaitStandby(let slot):
            let report = report
            try await instances(slot).awaitStandby { report(.waiting(for: $0, $1)) }
        case .standBy(let slot): try await instances(slot).standBy()
        case .run(let slot, let role): try await run(slot, role)
        case .stop(let slot, let role): try await instances(slot).stop(role)
        case .test(let slot): try await nginx.test(slot, share: plan.share)
        case .write(let slot): try write(live: slot, share: nil)
        case .share: try write(live: from, share: plan.share)
        case .reload: try await reload()
        case .verify(let slot): try await verify(slot)
        case .watch(let slot): try await watch(slot)
        case .preview(let slot): try await preview(slot)
        case .drain(let slot): try await drain(slot)
        case .stopAll(let slot): try await instances(slot).stop()
        case .conclude(let previous, let isWarm): try await conclude(previous: previous, isWarm: isWarm)
        case .end: break
        }
    }

    /// What is told of a switch that has ended.
    func conclusion(of outcome: SwitchOutcome, isResumed: Bool) throws -> SwitchReport {
        switch outcome {
        case .switched: announce(.trafficMoved, "from \(from) to \(to)")
        case .returned(let problem): announce(.trafficReturned, "to \(from): \(problem)")
        case .untouched, .leftOver, .unfinished, .stuck: break
        }
        switch outcome {
        case .untouched, .returned:
            // Taking up a stopped switch has worked when one slot is live, whichever it is.
            if isResumed {
                return SwitchReport(
                    live: from, previous: record.previous, hasMoved: false, cut: cut, closedStreams: closedStreams)
            }
        case .switched, .leftOver, .unfinished, .stuck: break
        }
        if let error = outcome.error(from: from, to: to) { throw error }
        return SwitchReport(
            live: to, previous: record.previous, hasMoved: true, cut: cut, closedStreams: closedStreams,
            moved: moved, warmUntil: record.warm?.until)
    }

    private func announce(_ kind: SupervisorEvent.Kind, _ reason: String) {
        do { try supervisor.announce(kind, reason) } catch {
            report(.note("the event '\(kind.rawValue)' was not recorded: \(SwitchProblem(error))"))
        }
    }

    private mutating func record(_ stage: SwitchStage) throws {
        let began = record.ongoing?.began ?? host.wallTime()
        record.ongoing = SlotRecord.OngoingSwitch(from: from, to: to, stage: stage, began: began, plan: plan)
        try record.save(layout, on: host)
        report(.stage(stage, from: from, to: to))
    }

    private mutating func conclude(previous: Slot?, isWarm: Bool) async throws {
        record.ongoing = nil
        record.previous = previous ?? record.previous
        let now = host.wallTime()
        // A slot that was stopped, or has become live, is not kept for a rollback any more.
        record.warm =
            if let previous, isWarm {
                SlotRecord.WarmSlot(slot: previous, since: now, until: now + plan.warm.milliseconds)
            } else { nil }
        try record.save(layout, on: host)
        guard isWarm else { return }
        let keeper = InstanceName(try ProcessName(StackCompiler.keeper))
        try await host.patiently { try supervisor.start([keeper]) }
    }

    private mutating func run(_ slot: Slot, _ role: ProcessDeclaration.Role) async throws {
        if role == .smoke, let release = record[slot] {
            let test = SmokeTest(profile: profile, slot: slot, host: host)
            try await test.run(test.checks(of: try ReleaseStore(host: host, layout: layout).manifest(of: release)))
        }
        try await instances(slot).run(role)
        guard role == .migration, let release = record[slot] else { return }
        record.migrated = (record.migrated ?? []) + [release]
        try record.save(layout, on: host)
    }

    private mutating func write(live: Slot, share: Int?) throws {
        if answers == nil {
            answers = try AccessLog(layout.accessLog(of: profile.frontDoor), on: host)
            usual = try answers?.recent(from) ?? ErrorRate()
        }
        try nginx.write(live: live, share: share)
        self.share = share
    }

    private mutating func reload() async throws {
        let processes = processes
        oldWorkers.formUnion(try await host.patiently(processes.workers).map(\.pid))
        reloaded = Stopwatch(host.clock)
        switch profile.frontDoor.manager {
        case .supervisor:
            let name = InstanceName(try ProcessName(StackCompiler.nginx))
            try await host.patiently { try supervisor.signal(name, "HUP") }
        case .systemd: try await host.units.reload(NginxProgram.unit)
        }
    }

    /// An old worker answers for a moment after a reload: one answer proves little, many in a row do.
    private mutating func verify(_ slot: Slot) async throws {
        let enough = 10
        // For so long nginx leaves its old workers beside those that it has started (ngx_master_process_cycle): a question is
        // in vain, and takes time from clients.
        if let passed = reloaded?.elapsed, passed < .milliseconds(100) {
            try await host.clock.sleep(for: .milliseconds(100) - passed)
        }
        let wanted = FrontDoorAnswer(live: slot, share: share)
        let waiting = Stopwatch(host.clock)
        var agreeing = 0
        var last = ""
        while agreeing < enough {
            do {
                let answered = try await frontDoor.ask()
                agreeing = answered == wanted ? agreeing + 1 : 0
                last = "it answers '\(answered)'"
            } catch {
                agreeing = 0
                last = SwitchProblem(error).description
            }
            if agreeing > 0 { continue }
            guard waiting.elapsed < .seconds(10) else {
                throw SwitchProblem("the front door does not lead to \(wanted): \(last)", next: "bedplate logs nginx")
            }
            try await host.clock.sleep(for: .milliseconds(10))
        }
        if slot == to { moved = stopwatch.elapsed }
    }

    /// A worker of nginx may hold a request that it has not passed on yet, so the slot's own connections do not tell
    /// enough.
    private mutating func drain(_ slot: Slot) async throws {
        let waiting = Stopwatch(host.clock)
        var drain = SlotDrain(of: slot, compiler, processes, host, oldWorkers: oldWorkers)
        var hasClosed = false
        while let open = try drain.look() {
            if !hasClosed, waiting.elapsed >= profile.frontDoor.streamLimit.duration {
                hasClosed = true
                closedStreams += SlotStreams(of: slot, compiler, host, supervisor).close(report)
            }
            guard waiting.elapsed < profile.frontDoor.drain.duration else {
                cut += open
                return
            }
            report(.draining(connections: open))
            try await host.clock.sleep(for: SlotDrain.pause)
        }
    }
}
