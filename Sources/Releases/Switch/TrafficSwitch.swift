package import Control
package import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// Moves traffic between the slots: one at a time, and never half.
package struct TrafficSwitch: Sendable {
    private let host: any Host
    private let layout: Layout
    private let supervisor: any SupervisorClient
    private let frontDoor: any FrontDoorClient
    private let profile: Profile
    private let report: @Sendable (SwitchProgress) -> Void

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
    package func run(to target: Slot) async throws -> SwitchReport {
        let lock = try SwitchLock.take(layout, on: host, doing: "switch traffic to \(target)")
        defer { lock.release() }
        let finished = try await takeUp()
        let (record, live) = try state(doing: "switch traffic to \(target)")
        guard live != target else {
            return finished ?? SwitchReport(live: live, previous: record.previous, hasMoved: false, cut: 0)
        }
        guard record[target] != nil else {
            throw OperatorError(
                doing: "switch traffic to \(target)", because: "there is no release in the \(target) slot",
                next: "run 'bedplate trial start': it puts the present build there", exit: .usage)
        }
        guard record.deploying?.slot != target else {
            throw OperatorError(
                doing: "switch traffic to \(target)", because: "a deploy was stopped before it had proven its release",
                next: "run 'bedplate deploy' again", exit: .usage)
        }
        return try await drive(SwitchMachine(from: live, to: target), .begin, record)
    }

    /// Makes the slot live that was live before.
    package func rollBack() async throws -> SwitchReport {
        guard let previous = try SlotRecord.load(layout, on: host)?.previous else {
            throw OperatorError(doing: "roll back", because: "no other slot was live before", exit: .usage)
        }
        return try await run(to: previous)
    }

    /// Finishes or reverts a switch that was stopped; `nil` when there is none.
    package func recover() async throws -> SwitchReport? {
        let lock = try SwitchLock.take(layout, on: host, doing: "finish the switch that was stopped")
        defer { lock.release() }
        return try await takeUp()
    }

    private func takeUp() async throws -> SwitchReport? {
        guard let record = try SlotRecord.load(layout, on: host), let ongoing = record.ongoing else { return nil }
        let (_, live) = try state(doing: "finish the switch that was stopped")
        let machine = SwitchMachine(from: ongoing.from, to: ongoing.to)
        return try await drive(machine, .resume(ongoing.stage, live: live), record)
    }

    /// Carries out the machine's actions until it ends.
    private func drive(
        _ machine: SwitchMachine, _ first: SwitchMachine.Event, _ record: SlotRecord
    ) async throws -> SwitchReport {
        var machine = machine
        var work = SwitchWork(
            from: machine.from, to: machine.to, record: record, profile: profile, layout: layout, host: host,
            supervisor: supervisor, frontDoor: frontDoor, report: report)
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
                doing: doing, because: "nothing is installed yet", next: "run 'bedplate trial start'", exit: .usage)
        }
        return (record, live)
    }
}
