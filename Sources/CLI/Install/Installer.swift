import Control
import CoreTypes
import Host
import Profiles
import Provisioning
import Releases
import SystemPackage

/// Makes this host run the application: looks, plans, asks, changes, and sees for itself that it works.
struct Installer {
    static let doing = "install"
    static let unit = "bedplated.service"
    static let unitFile: FilePath = "/lib/systemd/system/bedplated.service"

    let host: any Host
    let layout: Layout
    let terminal: any Terminal
    let client: any SupervisorClient
    /// Events as lines of JSON.
    let isJSON: Bool

    func install(_ request: InstallRequest) async throws -> InstallAnswer {
        let watch = Stopwatch(host.clock)
        guard layout.root == "/" else {
            throw OperatorError(
                doing: Self.doing, because: "an installation is of the whole machine, and not below \(layout.root)",
                next: "use 'bedplate trial start' for a stack below one folder", exit: .usage)
        }
        let configuration = try InstallConfiguration(request, layout: layout, host: host)
        let installation = configuration.installation
        let warnings = try await preflight(installation)
        let graph = try configuration.graph(live: installation.live())
        let planned = try await Engine(host: host, layout: layout).plan(graph)
        guard !request.checksOnly else {
            return InstallAnswer(planned, warnings, isPending: !planned.isEmpty, differences: request.showsDifferences)
        }
        var made: [PlannedStep] = []
        let log = InstallLog(host, layout)
        if !planned.isEmpty {
            try confirm(planned, warnings, request)
            made = try await run(graph, log)
        }
        try await settle(installation, within: request.limit)
        var answer = InstallAnswer(made, warnings, isPending: false, differences: request.showsDifferences)
        let reply = try client.status()
        answer.result = InstallAnswer.Running(
            url: installation.frontDoor, live: try installation.live(),
            healthy: reply.instances.filter { $0.wanted && $0.healthy }.count,
            wanted: reply.instances.filter(\.wanted).count, seconds: watch.elapsed / .seconds(1),
            log: made.isEmpty ? nil : log.path.string, secrets: layout.secrets.string)
        return answer
    }

    func uninstall(purging: Bool, isConfirmed: Bool) async throws -> UninstallAnswer {
        guard try host.files.status(layout.journal) != nil else {
            throw OperatorError(
                doing: "uninstall", because: "there is no \(layout.journal), so nothing is known to be installed",
                exit: .usage)
        }
        let question = purging ? "Remove it with all of its data and secrets?" : "Remove it, and keep data and secrets?"
        try demandYes(question, isConfirmed, doing: "uninstall")
        let terminal = terminal
        let work = Uninstall(
            host: host, layout: layout,
            valuables: [layout.secrets, layout.data, layout.logs] + AcmeStep.valuables
        ) { sentence in terminal.progress("  \(sentence)") }
        let outcome = try await work.run(purging: purging)
        return UninstallAnswer(done: outcome.done, kept: outcome.kept, records: outcome.records)
    }

    /// What is in the way ends it here; what is worth knowing is answered.
    private func preflight(_ installation: Installation) async throws -> [String] {
        let running = try runningSupervisor()
        let pids = try running?.instances.compactMap(\.pid) ?? Survivors(below: layout, on: host).pids
        let children = try pids.flatMap { try host.processes.children(of: $0).map(\.pid) }
        let ports = Slot.allCases.flatMap { slot in
            installation.compiler.ports(of: slot).map { Preflight.PortNeed($0.port, for: "\($0.instance)") }
        }
        let findings = try await HostPreflight(
            installation.profile, layout: layout, ports: ports, ours: Set(pids + children)
        ).check(host)
        let obstacles = findings.filter { !$0.isWarning }
        guard obstacles.isEmpty else {
            let lines = obstacles.map { "\n  - \($0.sentence)" + ($0.next.map { " (next: \($0))" } ?? "") }
            throw OperatorError(
                doing: Self.doing, because: "\(counted(obstacles.count, "thing")) in the way:" + lines.joined(),
                next: "nothing was changed; put that right and run the same command again")
        }
        return findings.map(\.sentence)
    }

    private func runningSupervisor() throws -> StatusReply? {
        do { return try client.status() } catch let error as OperatorError where error.exit == .retry { return nil }
    }

    private func confirm(_ planned: [PlannedStep], _ warnings: [String], _ request: InstallRequest) throws {
        guard !request.isConfirmed else { return }
        let plan = InstallAnswer(planned, warnings, isPending: true, differences: request.showsDifferences)
        terminal.progress(plan.text)
        try demandYes("Make these changes?", false, doing: Self.doing)
    }

    private func demandYes(_ question: String, _ isConfirmed: Bool, doing: String) throws {
        guard !isConfirmed else { return }
        switch terminal.confirm(question) {
        case true?: return
        case false?:
            throw OperatorError(doing: doing, because: "you said no", next: "nothing was changed", exit: .usage)
        case nil:
            throw OperatorError(
                doing: doing, because: "there is nobody to ask: this is no terminal", next: "add --yes", exit: .usage)
        }
    }

    private func run(_ graph: StepGraph, _ log: InstallLog) async throws -> [PlannedStep] {
        let progress = InstallProgress(terminal, clock: host.clock, isJSON: isJSON)
        let engine = Engine(host: host, layout: layout) { event in
            progress.show(event)
            log.write(event)
        }
        defer { progress.end() }
        do { return try await engine.run(graph) } catch {
            log.write("failed: \(error)")
            throw error
        }
    }

    /// Hands a new stack to a supervisor that runs, and waits until all of it is healthy and the front door answers.
    /// What is handed over is remembered, so that a run that was killed before it owes it to the next one.
    private func settle(_ installation: Installation, within limit: Duration) async throws {
        let stamp = layout.started.appending("stack")
        let stack = try installation.deployment.stack()
        let text = try JSON(encoding: stack).bytes
        let patience = Patience(clock: host.clock, limit: .seconds(30))
        guard try await patience.sees({ try runningSupervisor() != nil }) else {
            throw OperatorError(
                doing: Self.doing, because: "the supervisor does not answer", next: "systemctl status \(Self.unit)")
        }
        if try host.files.readIfPresent(stamp, limit: 16 << 20) != text {
            // What runs for a rollback gives way to what is in its slot now, once nobody uses it.
            _ = try await installation.traffic(client, terminal).retire()
            _ = try client.apply(stack)
            try host.files.replace(stamp, with: text, mode: [.ownerReadWrite], owner: nil)
        }
        // A rotation of secrets that was stopped half-way.
        _ = try await SecretRotation(installation: installation, client: client, terminal: terminal)
            .finish(within: limit, doing: Self.doing)
        let live = try installation.live()
        try await installation.demandHealth(of: client, live: live, within: limit, doing: Self.doing)
        let door = HTTPFrontDoor(installation.profile.frontDoor, on: host)
        let answered = try await door.ask().live
        guard answered == live else {
            throw OperatorError(
                doing: Self.doing, because: "the front door leads to \(answered), and \(live) is live",
                next: "systemctl reload nginx")
        }
    }
}
