import Control
import CoreTypes
import Host
import Profiles

/// The instances of one slot, for whoever fills it and whoever moves traffic to it.
struct SlotInstances {
    /// What takes long is looked at less often: the answer comes late by an eighth, and by 50 ms at most.
    private static func pause(after elapsed: Duration) -> Duration {
        min(max(elapsed / 8, .milliseconds(5)), .milliseconds(50))
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

    /// Until all of these are healthy, or one is hopeless, or their time is up. `report`: who is waited for, and why.
    func awaitHealth(_ role: ProcessDeclaration.Role, report: (InstanceName, String?) -> Void = { _, _ in })
        async throws
    {
        try await awaitHealth(of: compiler.instances(of: slot, role), report: report)
    }

    /// A scheduler that waits by itself need not wait for the other slot's to end.
    func standBy() async throws {
        let names = compiler.standbys(of: slot)
        try await start(names)
        try await awaitHealth(of: names) { _, _ in }
    }

    private func awaitHealth(of wanted: [InstanceName], report: (InstanceName, String?) -> Void) async throws {
        guard !wanted.isEmpty else { return }
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.startLimit
        while true {
            let statuses = try await statuses()
            let sick = try wanted.compactMap { name in
                let status = try status(of: name, in: statuses)
                return status.healthy ? nil : status
            }
            guard let first = sick.first(where: \.isHopeless) ?? sick.first else { return }
            guard stopwatch.elapsed < limit, !first.isHopeless else { throw try problem(of: first, "is not healthy") }
            report(first.name, first.reason)
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
    /// It will not become healthy by waiting.
    fileprivate var isHopeless: Bool { state == .failed || restarts >= 5 }
}
