import Control
import CoreTypes
import Host
import Profiles
import Provisioning
import Releases
import SystemPackage

/// The whole stack under one folder, without systemd: provisioned, supervised and stopped from there.
struct Trial {
    let host: any Host
    let layout: Layout
    let terminal: any Terminal
    let client: any SupervisorClient

    /// Provisions what is missing, starts what is down, and waits until all of it is healthy.
    func start(_ request: TrialRequest) async throws -> TrialAnswer {
        let watch = Stopwatch(host.clock)
        let configuration = try TrialConfiguration(request, layout: layout, host: host)
        let installation = configuration.installation
        let running = try runningSupervisor()
        try preflight(installation, running)
        // A switch that was stopped half-way is finished where all it needs is up: before anything is changed, or after
        // everything is started.
        if running != nil { try await finishSwitch(installation) }
        // Before anything is made: a root that nginx cannot be told of stops us here.
        let frontDoor = try installation.deployment.nginxFiles().map { FileStep.File($0.path, content: $0.content) }

        var changes = try await run(try configuration.steps(live: installation.live()))
        changes += try await resolve(installation, frontDoor, running)
        try await started(installation, running, limit: request.limit)
        if running == nil { try await finishSwitch(installation) }
        _ = try await SecretRotation(installation: installation, client: client, terminal: terminal)
            .finish(within: request.limit, doing: "start the trial")
        let reply = try client.status()
        let healthy = reply.instances.filter { $0.wanted && $0.healthy }.count
        let wanted = reply.instances.filter(\.wanted).count
        return try TrialAnswer(
            installation, changes: changes, healthy: healthy, wanted: wanted, seconds: watch.elapsed / .seconds(1),
            idleHasNewerRelease: try hasNewerIdleRelease(installation))
    }

    /// Stops every instance, then the supervisor; nothing of the stack is left when it returns.
    func stop() async throws -> TrialStopAnswer {
        var supervisor = try runningSupervisor()
        if supervisor == nil { supervisor = try await takenOver() }
        guard let running = supervisor else {
            return TrialStopAnswer(root: layout.root, wasRunning: false)
        }
        try client.shutdown()
        let waiting = Patience(clock: host.clock, limit: .seconds(120))
        guard
            try await waiting.sees({
                // One that this very run has started stays in the table until we end.
                try ProcessEntry(running.pid, in: host.files)?.isZombie ?? true
            })
        else {
            throw OperatorError(
                doing: "stop the trial", because: "the supervisor (process \(running.pid)) is still stopping the stack",
                next: "bedplate status says what it waits for", exit: .retry)
        }
        return TrialStopAnswer(root: layout.root, wasRunning: true)
    }

    /// `nil` when no supervisor answers below this root.
    private func runningSupervisor() throws -> StatusReply? {
        do { return try client.status() } catch let error as OperatorError where error.exit == .retry { return nil }
    }

    /// A new supervisor for what a killed one left running; `nil` when nothing is left.
    private func takenOver() async throws -> StatusReply? {
        guard try !survivors(doing: "stop the trial").isEmpty else { return nil }
        try await startSupervisor(doing: "stop the trial")
        return try client.status()
    }

    /// What runs below this root although no supervisor answers.
    private func survivors(doing: String) throws -> [Int32] {
        let survivors = try Survivors(below: layout, on: host)
        if let pid = survivors.mute {
            throw OperatorError(
                doing: doing,
                because: "the supervisor (process \(pid)) runs, but does not answer at \(layout.control)",
                next: "'kill \(pid)' makes it stop the whole stack; then try again")
        }
        return survivors.pids
    }

    private func finishSwitch(_ installation: Installation) async throws {
        guard let report = try await installation.traffic(client, terminal).recover() else { return }
        terminal.progress("  finished the switch that was stopped: \(report.live) is live")
    }

    private func preflight(_ installation: Installation, _ running: StatusReply?) throws {
        let pids =
            try running?.instances.compactMap(\.pid) ?? survivors(doing: "start the trial")
        let children = try pids.flatMap { try host.processes.children(of: $0).map(\.pid) }
        var needs = Slot.allCases.flatMap { slot in
            installation.compiler.ports(of: slot).map { Preflight.PortNeed($0.port, for: "\($0.instance)") }
        }
        needs.append(Preflight.PortNeed(installation.profile.frontDoor.port.number, for: "the front door"))
        try Preflight(ports: needs, ours: Set(pids + children)).demand(of: host, doing: "start the trial")
    }

    private func run(_ steps: [any Step]) async throws -> Int {
        let terminal = terminal
        let engine = Engine(host: host, layout: layout) { progress in
            if case .changing(_, let change) = progress { terminal.progress("  \(change.sentence)") }
        }
        return try await engine.run(steps).reduce(0) { $0 + $1.changes.count }
    }

    /// Resolves the profile into the stack and nginx's files, and hands them to what already runs.
    private func resolve(
        _ installation: Installation, _ frontDoor: [FileStep.File], _ running: StatusReply?
    ) async throws -> Int {
        let stack = try installation.deployment.stack()
        let nginx = try await run([FileStep(frontDoor, title: "front door")])
        let stackChanges = try await run([StackStep(profile: installation.profile, layout: layout)])
        if running != nil {
            if stackChanges > 0 {
                // What runs for a rollback gives way to what is in its slot now, once nobody uses it.
                _ = try await installation.traffic(client, terminal).retire()
                _ = try client.apply(stack)
            }
            if nginx > 0 { try client.signal(InstanceName(try ProcessName(StackCompiler.nginx)), "HUP") }
        }
        return nginx + stackChanges
    }

    private func started(_ installation: Installation, _ running: StatusReply?, limit: Duration) async throws {
        if running == nil { try await startSupervisor(doing: "start the trial") }
        // Starting the stack starts what an operator stopped before, too.
        let live = try installation.live()
        let ours = Set(try installation.deployment.stack().instances.filter(\.autostart).map(\.name))
        let down = try client.status().instances.filter { !$0.wanted && ours.contains($0.name) }
        if !down.isEmpty { try client.start(down.map(\.name)) }
        try await installation.demandHealth(of: client, live: live, within: limit, doing: "start the trial")
    }

    private func startSupervisor(doing: String) async throws {
        let log = layout.logs.appending("bedplated.log")
        let pid = try host.processes.startDetached(
            Command(layout.bedplated, "--stack", layout.stack.string), log: log)
        terminal.progress("  started the supervisor (process \(pid))")
        let waiting = Patience(clock: host.clock, limit: .seconds(10))
        guard try await waiting.sees({ try runningSupervisor() != nil }) else {
            throw OperatorError(doing: doing, because: "the supervisor does not answer", next: "see \(log)")
        }
    }

    private func hasNewerIdleRelease(_ installation: Installation) throws -> Bool {
        guard installation.profile.release.source == .bundled,
            let record = try SlotRecord.load(layout, on: host)
        else { return false }
        let live = try installation.live()
        let bundled = try ReleaseStore(host: host, layout: layout).digest(of: layout.application)
        return record[live] != bundled && record[live.other] == bundled
    }
}
