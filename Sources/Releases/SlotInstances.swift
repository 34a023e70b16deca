import Control
import CoreTypes
import Host
import Profiles

/// The instances of one slot, for whoever fills it and whoever moves traffic to it.
struct SlotInstances {
    /// What takes long is looked at less often: the answer comes late by an eighth, and by 50 ms at most. Each look costs both
    /// sides half a millisecond of a processor, while clients are served.
    private static func pause(after elapsed: Duration) -> Duration {
        min(max(elapsed / 8, .milliseconds(10)), .milliseconds(50))
    }

    let slot: Slot
    let profile: Profile
    let layout: Layout
    let host: any Host
    let supervisor: any SupervisorClient

    private var compiler: StackCompiler { StackCompiler(profile: profile, layout: layout) }

    /// Nobody else listens on its ports.
    func checkPorts() async throws {
        let running = Set(try await statuses().filter { $0.pid != nil }.map(\.name))
        let taken = try compiler.ports(of: slot).filter { !running.contains($0.instance) }.compactMap { need in
            try host.network.listener(on: need.port).map {
                "port \(need.port), for \(need.instance), is taken by \($0.sentence)"
            }
        }
        guard taken.isEmpty else {
            throw SwitchProblem(taken.joined(separator: "; "), next: "stop what holds it, then try again")
        }
    }

    func areRunning() async throws -> Bool {
        let names = compiler.instances(of: slot)
        return try await statuses().contains { names.contains($0.name) && $0.pid != nil }
    }

    func start(_ role: ProcessDeclaration.Role) async throws { try await start(compiler.instances(of: slot, role)) }

    private func start(_ names: [InstanceName]) async throws {
        guard !names.isEmpty else { return }
        try await host.patiently { try supervisor.start(names) }
    }

    /// Until all of these are healthy and at work, or one is hopeless, or their time is up. `report`: who is waited for,
    /// and why.
    func awaitHealth(_ role: ProcessDeclaration.Role, report: (InstanceName, String?) -> Void = { _, _ in })
        async throws
    {
        let standbys = Set(compiler.standbys(of: slot))
        try await wait(for: compiler.instances(of: slot, role), report: report) { status in
            guard status.healthy else { return "is not healthy" }
            return standbys.contains(status.name) && status.isStandingBy ? "still stands by" : nil
        }
    }

    /// What can load before it is needed does; nobody waits for it.
    func prepare() async throws { try await start(compiler.standbys(of: slot)) }

    /// Until all that can have loaded and wait for the slot to be live.
    func awaitStandby(report: (InstanceName, String?) -> Void = { _, _ in }) async throws {
        let names = compiler.standbys(of: slot)
        var statuses = try await awaitLoaded(names, report)
        // What was said to a supervisor that was killed, the next one does not know: it is asked by starting anew.
        let silent = statuses.filter { names.contains($0.name) && $0.says == nil }.map(\.name)
        if !silent.isEmpty {
            try await stop(silent)
            try await start(silent)
            statuses = try await awaitLoaded(silent, report)
        }
        guard let busy = try names.first(where: { try !status(of: $0, in: statuses).isStandingBy }) else { return }
        throw SwitchProblem(
            "\(busy) has not said that it stands by, and may be at work beside the other slot's",
            next: "bedplate logs \(busy); docs/profile.md says what 'standby' asks of a process")
    }

    /// A scheduler that holds a lease is there before the other slot's ends.
    func standBy() async throws {
        try await prepare()
        try await awaitLoaded(compiler.standbys(of: slot)) { _, _ in }
    }

    @discardableResult
    func awaitLoaded(_ names: [InstanceName], _ report: (InstanceName, String?) throws -> Void) async throws
        -> [InstanceStatus]
    {
        try await wait(for: names, report: report) { $0.healthy ? nil : "is not healthy" }
    }

    /// All that the supervisor said at the last look. `lack`: what an instance is not yet, in words; `nil`: nothing.
    @discardableResult
    private func wait(
        for wanted: [InstanceName], report: (InstanceName, String?) throws -> Void, lack: (InstanceStatus) -> String?
    ) async throws -> [InstanceStatus] {
        guard !wanted.isEmpty else { return [] }
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.startLimit
        while true {
            let statuses = try await statuses()
            let lacking = try wanted.compactMap { name in
                let status = try status(of: name, in: statuses)
                return lack(status).map { (status: status, lack: $0) }
            }
            guard let first = lacking.first(where: \.status.isHopeless) ?? lacking.first else { return statuses }
            guard stopwatch.elapsed < limit, !first.status.isHopeless else {
                throw try problem(of: first.status, first.lack)
            }
            try report(first.status.name, first.status.reason)
            try await host.clock.sleep(for: Self.pause(after: stopwatch.elapsed))
        }
    }

    /// One-shots, one after the other, each to its end.
    func run(_ role: ProcessDeclaration.Role) async throws {
        for name in compiler.instances(of: slot, role) {
            try await start([name])
            let stopwatch = Stopwatch(host.clock)
            while true {
                let status = try status(of: name, in: try await statuses())
                if status.state == .completed { break }
                if status.state == .failed || status.state == .down { throw try problem(of: status, "failed") }
                guard stopwatch.elapsed < profile.switching.hooks.duration else {
                    try await stop([name])
                    throw SwitchProblem(
                        "\(name) has not ended after \(profile.switching.hooks)", next: "bedplate logs \(name)")
                }
                try await host.clock.sleep(for: Self.pause(after: stopwatch.elapsed))
            }
        }
    }

    /// Returns when none of those that the supervisor knows runs any more; without a role, none of the slot.
    func stop(_ role: ProcessDeclaration.Role? = nil) async throws {
        try await stop(compiler.instances(of: slot, role))
    }

    private func stop(_ names: [InstanceName]) async throws {
        let known = Set(try await statuses().map(\.name))
        let names = names.filter(known.contains)
        guard !names.isEmpty else { return }
        try await host.patiently { try supervisor.stop(names) }
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.stopLimit
        while let running = try await statuses().first(where: { names.contains($0.name) && $0.pid != nil }) {
            guard stopwatch.elapsed < limit else {
                throw SwitchProblem("\(running.name) does not stop", next: "bedplate logs \(running.name)")
            }
            try await host.clock.sleep(for: Self.pause(after: stopwatch.elapsed))
        }
    }

    private func statuses() async throws -> [InstanceStatus] { try await host.patiently(supervisor.status).instances }

    private func status(of name: InstanceName, in statuses: [InstanceStatus]) throws -> InstanceStatus {
        guard let status = statuses.first(where: { $0.name == name }) else {
            throw SwitchProblem("the supervisor does not know \(name)", next: compiler.layout.installCommand)
        }
        return status
    }

    /// What is told of an instance that did not do what it should.
    func problem(of status: InstanceStatus, _ verdict: String) throws -> SwitchProblem {
        var lines = status.lastLines ?? []
        if lines.isEmpty {
            try supervisor.logs(status.name, lines: 5, follow: false) { line in
                lines.append(line.text)
                return true
            }
        }
        let reason = status.reason ?? status.lastEnd.map { "it \($0)" } ?? "it is \(status.state.rawValue)"
        let said = lines.isEmpty ? "" : "\n" + lines.suffix(5).map { "    | \($0)" }.joined(separator: "\n")
        return SwitchProblem("\(status.name) \(verdict): \(reason)\(said)", next: "bedplate logs \(status.name)")
    }
}

extension InstanceStatus {
    fileprivate var isStandingBy: Bool { says == Self.standingBy }
    /// It will not become healthy by waiting.
    fileprivate var isHopeless: Bool { state == .failed || restarts >= 5 }
}
