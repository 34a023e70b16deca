import Control
import CoreTypes
import Host
import Profiles

/// A release in a slot that has no traffic, until it is proven there or taken out again.
struct SlotPlacement {
    let live: Slot
    let slot: Slot
    private(set) var record: SlotRecord
    private let profile: Profile
    private let layout: Layout
    private let host: any Host
    private let supervisor: any SupervisorClient
    /// Whether the slot's former release ran, kept for a rollback.
    private var wasRunning = false

    /// Takes out again what a deploy that was stopped has left unproven.
    init(
        live: Slot, profile: Profile, layout: Layout, host: any Host, supervisor: any SupervisorClient
    ) throws {
        self.live = live
        self.profile = profile
        self.layout = layout
        self.host = host
        self.supervisor = supervisor
        var record = try SlotRecord.load(layout, on: host) ?? SlotRecord()
        if let ongoing = record.ongoing {
            throw OperatorError(
                doing: "deploy", because: "a switch to \(ongoing.to) was stopped while \(ongoing.stage.rawValue)",
                next: "run 'bedplate switch \(ongoing.to)' to finish it", exit: .retry)
        }
        record.takeBackUnproven()
        self.record = record
        // Before the first release nobody is served, so the first one needs no switch.
        slot = record[live] == nil ? live : live.other
    }

    var isLive: Bool { slot == live }

    /// Where traffic is, for whoever reads that a deploy failed.
    var traffic: String {
        record[live] == nil || isLive ? "there is none yet" : "it stays on \(live), which runs what it ran"
    }

    func hasLive(_ release: ReleaseID) -> Bool { record[live] == release }

    private var instances: SlotInstances {
        SlotInstances(slot: slot, profile: profile, layout: layout, host: host, supervisor: supervisor)
    }

    /// Returns when its servers are healthy, and the whole of a first release; on failure the slot is as it was.
    mutating func start(_ release: ReleaseID) async throws {
        wasRunning = try await instances.areRunning()
        record.deploying = SlotRecord.OngoingDeploy(slot: slot, before: record[slot])
        record[slot] = release
        try record.save(layout, on: host)
        do {
            try await giveWay()
            try await instances.stop()
            if isLive { try await begin(release) } else { try apply(live) }
            try await instances.checkPorts()
            for role in isLive ? [.server, .worker, .scheduler] : [ProcessDeclaration.Role.server] {
                try await instances.start(role)
                try await instances.awaitHealth(role)
            }
            if !isLive {
                try await instances.prepare()
                try await instances.awaitStandby()
            }
        } catch { throw await abandon(because: error) }
    }

    /// What a switch has kept running for a rollback is stopped once nobody uses it any more.
    private mutating func giveWay() async throws {
        guard let warm = record.warm, warm.slot == slot else { return }
        let compiler = StackCompiler(profile: profile, layout: layout)
        let processes = NginxProcesses(profile: profile, host: host, supervisor: supervisor)
        var drain = SlotDrain(of: slot, compiler, processes, host)
        let stopwatch = Stopwatch(host.clock)
        var hasClosed = false
        while try drain.look() != nil, stopwatch.elapsed < profile.frontDoor.drain.duration {
            if !hasClosed, warm.since + profile.frontDoor.streamLimit.milliseconds <= host.wallTime() {
                hasClosed = true
                _ = SlotStreams(of: slot, compiler, host, supervisor).close { _ in }
            }
            try await host.clock.sleep(for: SlotDrain.pause)
        }
        record.warm = nil
    }

    /// The first release meets no switch, which would run its migration. Nothing of it runs before that has ended.
    private mutating func begin(_ release: ReleaseID) async throws {
        try apply(slot.other)
        try await instances.run(.migration)
        record.migrated = [release]
        try record.save(layout, on: host)
        try apply(live)
    }

    /// The slot has what it had; the answer is why, and what of it failed.
    mutating func abandon(because error: any Error) async -> DeployProblem {
        var problem = DeployProblem(error)
        do { try await revert() } catch {
            problem.because += "\n  putting the \(slot) slot back failed too: \(DeployProblem(error).because)"
        }
        return problem
    }

    private mutating func revert() async throws {
        try await instances.stop()
        record.takeBackUnproven()
        try record.save(layout, on: host)
        try apply(live)
        guard wasRunning else { return }
        try await instances.start(.server)
        try await instances.prepare()
    }

    mutating func conclude() throws {
        guard let release = record[slot] else { return }
        record.deploying = nil
        // What was live there before is not there any more.
        if record.previous == slot { record.previous = nil }
        record.history = [release] + (record.history ?? []).filter { $0 != release }
        try record.save(layout, on: host)
    }

    private func apply(_ live: Slot) throws {
        _ = try supervisor.apply(try StackCompiler(profile: profile, layout: layout).compile(record, live: live))
    }
}

extension SlotRecord {
    /// An unproven release goes, and what it replaced is back.
    mutating func takeBackUnproven() {
        guard let deploying else { return }
        self[deploying.slot] = deploying.before
        self.deploying = nil
    }
}
