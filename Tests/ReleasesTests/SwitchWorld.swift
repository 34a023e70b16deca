import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Synchronization
import SystemPackage

/// A machine with blue live and a release in each slot, an nginx that reads `live.conf` when it is told to, and one
/// source of faults for all of it.
final class SwitchWorld: Sendable {
    let faults = Faults()
    let host: FakeHost
    let supervisor: FakeSupervisor
    let layout: Layout
    let profile: Profile
    /// What nginx has in memory.
    private let answering: Mutex<FrontDoorAnswer>
    private let generation = Mutex(0)
    private let onReload = Mutex<(@Sendable () throws -> Void)?>(nil)
    private let refusesReload = Mutex(false)
    /// Answers of old workers before the new ones' are heard.
    private let stale = Mutex<[Slot]>([])
    private let progress = Mutex<[SwitchProgress]>([])
    /// Since nginx was told to read its files, and how long it was then until somebody asked it.
    private let reloaded = Mutex<Stopwatch?>(nil)
    private let waits = Mutex<[Duration]>([])

    init(profile: Profile = SampleProfile.make(), root: FilePath = "/trial") throws {
        self.profile = profile
        layout = Layout(root: root)
        host = FakeHost(faults: faults)
        var record = SlotRecord(blue: SampleProfile.firstRelease, green: SampleProfile.secondRelease)
        record.previous = nil
        let compiler = StackCompiler(profile: profile, layout: layout)
        let stack = try compiler.compile(record, live: .blue)
        supervisor = FakeSupervisor(
            stack: stack, up: Set(stack.instances.filter(\.autostart).map(\.name)), faults: faults)
        answering = Mutex(FrontDoorAnswer(live: .blue))
        host.machine.setUsers([Account(name: "root", user: 0, group: 0)])
        host.machine.setListeners([:])
        host.machine.onConnections { _ in 0 }
        host.machine.onShutDown { _, _, _ in 0 }
        host.commands.onRun(NginxProgram.path) { _ in CommandResult(status: .exited(0), output: "", errors: "") }
        host.disk.plantDirectory(layout.state)
        host.disk.plantDirectory(layout.run)
        for (path, content) in try NginxProgram(host: host, layout: layout, profile: profile).files(live: .blue) {
            host.disk.plant(path, content)
        }
        try record.save(layout, on: host)
        // The workers of each generation: a reload replaces them.
        host.commands.onChildren { [self] _ in
            let first = Int32(500 + generation.withLock { $0 } * 10)
            return [RunningProcess(pid: first, title: "nginx: worker process")]
        }
        supervisor.onSignal { [self] _, signal in
            guard signal == "HUP", !refusesReload.withLock({ $0 }) else { return }
            generation.withLock { $0 += 1 }
            reloaded.withLock { $0 = Stopwatch(host.clock) }
            guard let live = try LiveConfiguration.liveSlot(layout, on: host) else { return }
            let share = host.disk.text(layout.live)?.firstMatch(of: /bedplate_share { \* " (\d+)"/)
            answering.withLock { $0 = FrontDoorAnswer(live: live, share: share.flatMap { Int($0.1) }) }
            try onReload.withLock { $0 }?()
        }
    }

    /// Done after each reload that nginx takes up.
    func afterReload(_ body: @escaping @Sendable () throws -> Void) { onReload.withLock { $0 = body } }

    /// The front door's log grows by answers of a slot.
    func answer(_ slot: Slot, statuses: [Int]) {
        let path = layout.accessLog(of: profile.frontDoor)
        let lines = statuses.map { "2026-01-01 127.0.0.1 GET /api/a b \($0) 12 0.001 \(slot) abc\n" }.joined()
        host.disk.plant(path, (host.disk.text(path) ?? "") + lines)
    }

    var nginxAnswer: FrontDoorAnswer { answering.withLock { $0 } }
    var nginxAnswers: Slot { nginxAnswer.live }
    var seen: [SwitchProgress] { progress.withLock { $0 } }
    var live: Slot? { get throws { try LiveConfiguration.liveSlot(layout, on: host) } }
    var record: SlotRecord? { get throws { try SlotRecord.load(layout, on: host) } }

    /// nginx keeps what it has, as it does when it cannot read a configuration.
    func ignoreReloads(_ ignores: Bool = true) { refusesReload.withLock { $0 = ignores } }

    /// After a reload the front door answers these first, one a question.
    func answerFirst(_ slots: [Slot]) { stale.withLock { $0 = slots } }

    /// From each reload to the first question after it.
    var waitsBeforeAsking: [Duration] { waits.withLock { $0 } }

    var unheard: Int { stale.withLock { $0.count } }

    var traffic: TrafficSwitch {
        TrafficSwitch(
            profile: profile, layout: layout, host: host, supervisor: supervisor, frontDoor: Door(world: self)
        ) { [self] seen in progress.withLock { $0.append(seen) } }
    }

    func instances(_ slot: Slot, _ roles: [ProcessDeclaration.Role] = [.server, .worker, .scheduler]) -> Set<
        InstanceName
    > {
        let compiler = StackCompiler(profile: profile, layout: layout)
        return Set(roles.flatMap { compiler.instances(of: slot, $0) })
    }

    /// Exactly one slot is live: `live.conf`, nginx and the running instances agree, and nothing is going on. Of the other
    /// slot at most the servers run and what stands by, and only when it is kept for a rollback.
    func isSettled(on slot: Slot) throws -> Bool {
        let record = try record
        let others =
            record?.warm?.slot == slot.other
            ? instances(slot.other, [.worker, .scheduler]).subtracting(
                StackCompiler(profile: profile, layout: layout).standbys(of: slot.other)) : instances(slot.other)
        return try live == slot && nginxAnswer == FrontDoorAnswer(live: slot) && record?.ongoing == nil
            && supervisor.up.isSuperset(of: instances(slot)) && supervisor.up.isDisjoint(with: others)
    }

    private struct Door: FrontDoorClient {
        let world: SwitchWorld

        func ask() async throws -> FrontDoorAnswer {
            try world.faults.read()
            if let reloaded = world.reloaded.withLock({ $0.take() }) {
                world.waits.withLock { $0.append(reloaded.elapsed) }
            }
            let stale = world.stale.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            return stale.map { FrontDoorAnswer(live: $0) } ?? world.nginxAnswer
        }
    }
}
