import Control
import CoreTypes
import Host
import Profiles

extension SwitchWork {
    /// Looks at readiness and at the front door's answers again and again, and fails once they are not what they should
    /// be.
    mutating func watch(_ slot: Slot) async throws {
        var log = try answers ?? AccessLog(layout.accessLog(of: profile.frontDoor), on: host)
        let names = compiler.instances(of: slot).filter { name in
            profile.processes.contains { $0.name == name.process && !$0.role.isHook && plays($0.role, in: slot) }
        }
        let stopwatch = Stopwatch(host.clock)
        var watch = TrafficWatch(usual: usual, threshold: profile.switching.errors)
        while stopwatch.elapsed < plan.watch.duration {
            let statuses = try await host.patiently(supervisor.status).instances.filter { names.contains($0.name) }
            if let sick = watch.sick(among: statuses, at: stopwatch.elapsed) {
                throw try instances(slot).problem(of: sick, "did not stay healthy")
            }
            watch.seen.add(try log.new(slot))
            if let reason = watch.excess { throw SwitchProblem(reason, next: "bedplate logs nginx") }
            try await host.clock.sleep(for: TrafficWatch.pause)
        }
        answers = log
    }

    /// Lets people look at the slot for the time of the plan. `live.conf` leads the preview to the slot that is not live.
    mutating func preview(_ slot: Slot) async throws {
        guard let listener = profile.frontDoor.preview, try host.network.listener(on: listener.port.number) != nil
        else {
            throw SwitchProblem("the front door does not listen at its preview", next: layout.installCommand)
        }
        let span = plan.preview ?? .zero
        report(.note("\(slot) can be looked at for \(span): \(profile.frontDoor.previewURL ?? "")"))
        let names = compiler.instances(of: slot, .server)
        let stopwatch = Stopwatch(host.clock)
        var watch = TrafficWatch(usual: ErrorRate(), threshold: profile.switching.errors)
        while stopwatch.elapsed < span.duration {
            let statuses = try await host.patiently(supervisor.status).instances.filter { names.contains($0.name) }
            if let sick = watch.sick(among: statuses, at: stopwatch.elapsed) {
                throw try instances(slot).problem(of: sick, "did not stay healthy")
            }
            try await host.clock.sleep(for: TrafficWatch.pause)
        }
    }

    /// While only a share of the clients meets the slot, the other one's workers still do the work.
    private func plays(_ role: ProcessDeclaration.Role, in slot: Slot) -> Bool {
        role == .server || record.ongoing?.stage != .sharing
    }
}
