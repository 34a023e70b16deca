package import Control
package import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// Moves traffic between the slots: one at a time, and never half.
package struct TrafficSwitch: Sendable {
    let host: any Host
    let layout: Layout
    let supervisor: any SupervisorClient
    private let frontDoor: any FrontDoorClient
    let profile: Profile
    let report: @Sendable (SwitchProgress) -> Void

    package init(
        profile: Profile, layout: Layout, host: any Host, supervisor: any SupervisorClient,
        frontDoor: any FrontDoorClient, report: @escaping @Sendable (SwitchProgress) -> Void = { _ in }
    ) {
        self.profile = profile
        self.layout = layout
        self.host = host
        self.supervisor = supervisor
        self.frontDoor = frontDoor
        self.report = report
    }

    /// Makes a slot live. The one that is live already is left alone; a switch that was stopped is finished first.
    package func run(to target: Slot, _ wishes: SwitchWishes = SwitchWishes()) async throws -> SwitchReport {
        if let preview = wishes.preview, preview > .zero, profile.frontDoor.preview == nil {
            throw OperatorError(
                doing: "show \(target) before it gets traffic", because: "the front door has no preview",
                next: "set 'front_door.preview' to an address in the profile, and run '\(layout.installCommand)'",
                exit: .usage)
        }
        return try await run(to: target) { try plan(for: target, $0, wishes) }
    }

    private func run(to target: Slot, _ plan: (SlotRecord) throws -> SwitchPlan) async throws -> SwitchReport {
        let stopwatch = Stopwatch(host.clock)
        let lock = try SwitchLock.take(layout, on: host, doing: "switch traffic to \(target)")
        defer { lock.release() }
        let finished = try await takeUp()
        let (record, live) = try state(doing: "switch traffic to \(target)")
        guard live != target else {
            return finished
                ?? SwitchReport(
                    live: live, previous: record.previous, hasMoved: false, warmUntil: record.warm?.until)
        }
        guard record[target] != nil else {
            throw OperatorError(
                doing: "switch traffic to \(target)", because: "there is no release in the \(target) slot",
                next: profile.release.source == .deployed
                    ? "run 'bedplate deploy PATH': it puts a release there"
                    : "run '\(layout.installCommand)': it puts the present build there", exit: .usage)
        }
        guard record.deploying?.slot != target else {
            throw OperatorError(
                doing: "switch traffic to \(target)", because: "a deploy was stopped before it had proven its release",
                next: "run 'bedplate deploy' again", exit: .usage)
        }
        let machine = SwitchMachine(from: live, to: target, plan: try plan(record))
        return try await drive(machine, .begin, record, stopwatch)
    }

    /// Makes the slot live that was live before, at once: it was proven then.
    package func rollBack() async throws -> SwitchReport {
        guard let previous = try SlotRecord.load(layout, on: host)?.previous else {
            throw OperatorError(doing: "roll back", because: "no other slot was live before", exit: .usage)
        }
        return try await run(to: previous) { _ in SwitchPlan(warm: profile.switching.warm, isProven: true) }
    }

    /// Finishes or reverts a switch that was stopped; `nil` when there is none, or when whoever began it is still at it.
    package func recover() async throws -> SwitchReport? {
        let lock: any FileLock
        do { lock = try SwitchLock.take(layout, on: host, doing: "finish the switch that was stopped") } catch let error
            as OperatorError where error.exit == .retry
        { return nil }
        defer { lock.release() }
        return try await takeUp()
    }

    private func plan(for target: Slot, _ record: SlotRecord, _ wishes: SwitchWishes) throws -> SwitchPlan {
        let manifest = try record[target].map(ReleaseStore(host: host, layout: layout).manifest) ?? ReleaseManifest()
        let checks = SmokeTest(profile: profile, slot: target, host: host).checks(of: manifest)
        let compiler = StackCompiler(profile: profile, layout: layout)
        let hasMigrated = record[target].map { record.migrated?.contains($0) ?? false } ?? false
        return SwitchPlan(
            share: wishes.share, watch: wishes.watch ?? profile.switching.watch, warm: profile.switching.warm,
            checks: !checks.isEmpty || !compiler.instances(of: target, .smoke).isEmpty,
            migrates: !hasMigrated && !compiler.instances(of: target, .migration).isEmpty,
            preview: wishes.preview ?? profile.switching.preview)
    }

    private func takeUp() async throws -> SwitchReport? {
        guard let record = try SlotRecord.load(layout, on: host), let ongoing = record.ongoing else { return nil }
        let (_, live) = try state(doing: "finish the switch that was stopped")
        let machine = SwitchMachine(from: ongoing.from, to: ongoing.to, plan: ongoing.plan ?? SwitchPlan())
        return try await drive(machine, .resume(ongoing.stage, live: live), record, Stopwatch(host.clock))
    }

    /// Carries out the machine's actions until it ends.
    private func drive(
        _ machine: SwitchMachine, _ first: SwitchMachine.Event, _ record: SlotRecord, _ stopwatch: Stopwatch
    ) async throws -> SwitchReport {
        var machine = machine
        var work = SwitchWork(
            machine, record: record, profile: profile, layout: layout, host: host, supervisor: supervisor,
            frontDoor: frontDoor, stopwatch: stopwatch, report: report)
        var isResumed = false
        if case .resume = first { isResumed = true }
        var actions = machine.handle(first)
        while true {
            var event = SwitchMachine.Event.done
            for action in actions {
                if case .end(let outcome) = action {
                    return try work.conclusion(of: outcome, isResumed: isResumed)
                }
                do { try await work.perform(action) } catch {
                    event = .failed(SwitchProblem(error))
                    break
                }
            }
            actions = machine.handle(event)
        }
    }

    private func state(doing: String) throws -> (SlotRecord, live: Slot) {
        guard let record = try SlotRecord.load(layout, on: host),
            let live = try LiveConfiguration.liveSlot(layout, on: host)
        else {
            throw OperatorError(
                doing: doing, because: "nothing is installed yet", next: "run '\(layout.installCommand)'",
                exit: .usage)
        }
        return (record, live)
    }
}
