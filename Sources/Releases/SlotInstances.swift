import Control
import CoreTypes
import Host
import Profiles

/// The instances of one slot, for whoever fills it and whoever moves traffic to it.
struct SlotInstances {
    private static let poll = Duration.milliseconds(50)

    let slot: Slot
    let profile: Profile
    let layout: Layout
    let host: any Host
    let supervisor: any SupervisorClient

    private var compiler: StackCompiler { StackCompiler(profile: profile, layout: layout) }
    private var names: [InstanceName] { compiler.instances(of: slot) }

    /// Nobody else listens on its ports.
    func checkPorts() throws {
        let running = Set(try supervisor.status().instances.filter { $0.pid != nil }.map(\.name))
        let taken = try compiler.ports(of: slot).filter { !running.contains($0.instance) }.compactMap { need in
            try host.network.listener(on: need.port).map {
                "port \(need.port), for \(need.instance), is taken by \($0.sentence)"
            }
        }
        guard taken.isEmpty else {
            throw SwitchProblem(taken.joined(separator: "; "), next: "stop what holds it, then try again")
        }
    }

    func areRunning() throws -> Bool {
        try supervisor.status().instances.contains { names.contains($0.name) && $0.pid != nil }
    }

    func start() throws { try supervisor.start(names) }

    /// Until all of it is healthy, or one instance is hopeless, or its time is up. `report`: who is waited for, and why.
    func awaitHealth(report: (InstanceName, String?) -> Void) async throws {
        let stopwatch = Stopwatch(host.clock)
        let limit = profile.startLimit
        let wanted = names
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
            report(first.name, first.reason)
            try await host.clock.sleep(for: Self.poll)
        }
    }

    /// Returns when none of those that the supervisor knows runs any more.
    func stop() async throws {
        let known = Set(try supervisor.status().instances.map(\.name))
        let names = names.filter(known.contains)
        guard !names.isEmpty else { return }
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
}

extension InstanceStatus {
    /// It will not become healthy by waiting.
    fileprivate var isHopeless: Bool { state == .failed || restarts >= 5 }
}
