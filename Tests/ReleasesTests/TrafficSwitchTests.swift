import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import SystemPackage
import Testing

@Suite struct TrafficSwitchTests {
    @Test("a switch starts the idle slot, moves traffic, and only then stops the old one")
    func order() async throws {
        let world = try SwitchWorld()
        let report = try await world.traffic.run(to: .green)
        #expect(report.live == .green && report.previous == .blue && report.hasMoved && report.cut == 0)
        #expect(
            world.supervisor.calls == [
                "apply", "start api@green web@green", "signal nginx HUP", "apply", "start worker@green",
                "stop worker@blue", "stop api@blue web@blue worker@blue",
            ])
        #expect(try world.isSettled(on: .green))
        #expect(try world.record?.previous == .blue)
    }

    @Test("what is outside the slots follows the live slot's release")
    func engine() async throws {
        let world = try SwitchWorld()
        _ = try await world.traffic.run(to: .green)
        let engine = world.supervisor.stack.instances.first { $0.name.description == "engine" }
        #expect(engine?.release == SampleProfile.secondRelease)
    }

    @Test("each stage is recorded before what it names happens")
    func stages() async throws {
        let world = try SwitchWorld()
        _ = try await world.traffic.run(to: .green)
        let stages = world.seen.compactMap { progress -> SwitchStage? in
            if case .stage(let stage, _, _) = progress { stage } else { nil }
        }
        #expect(stages == [.starting, .testing, .flipping, .verifying, .handing, .draining, .stopping])
    }

    @Test("switching to the live slot changes nothing and says so")
    func alreadyLive() async throws {
        let world = try SwitchWorld()
        let before = world.faults.count
        #expect(try await world.traffic.run(to: .blue).hasMoved == false)
        #expect(world.faults.count == before)
    }

    @Test("rolling back is a switch to the slot that was live before")
    func rollBack() async throws {
        let world = try SwitchWorld()
        await #expect(throws: OperatorError.self) { try await world.traffic.rollBack() }
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.rollBack().live == .blue)
        #expect(try world.isSettled(on: .blue))
    }

    @Test("an idle slot that never becomes healthy is named with its reason and last lines, and traffic is untouched")
    func neverHealthy() async throws {
        let world = try SwitchWorld()
        let api = try InstanceName("api@green")
        world.supervisor.sicken(api, because: "exited 1, again in 30s", lines: ["Traceback", "ImportError: yaml"])
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.description.contains("api@green is not healthy: exited 1, again in 30s"))
        #expect(error.description.contains("    | ImportError: yaml"))
        #expect(error.description.contains("stage: starting"))
        #expect(error.description.contains("it stayed on blue; green is not running"))
        #expect(error.next == "bedplate logs api@green")
        #expect(try world.isSettled(on: .blue))
        #expect(!world.supervisor.calls.contains("signal nginx HUP"))
    }

    @Test("a configuration that nginx rejects never becomes live.conf")
    func rejected() async throws {
        let world = try SwitchWorld()
        world.host.commands.onRun(NginxProgram.path) { _ in
            CommandResult(status: .exited(1), output: "", errors: "nginx: [emerg] unknown directive\n")
        }
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.contains("nginx rejects the new configuration: nginx: [emerg] unknown directive"))
        #expect(try world.isSettled(on: .blue))
        #expect(!world.supervisor.calls.contains("signal nginx HUP"))
    }

    @Test("when the front door does not follow, traffic goes back by itself")
    func goesBack() async throws {
        let world = try SwitchWorld()
        world.ignoreReloads()
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.contains("the front door does not lead to green: it answers 'blue'"))
        #expect(error.because.contains("it went back to blue; green is not running"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("ten answers in a row must agree: a few of the new slot between old ones prove nothing")
    func flappingAnswers() async throws {
        let world = try SwitchWorld()
        let nine = [Slot](repeating: .green, count: 9)
        world.answerFirst([.blue] + nine + [.blue] + nine + [.blue])
        _ = try await world.traffic.run(to: .green)
        #expect(world.unheard == 0)
        #expect(try world.isSettled(on: .green))
    }

    @Test("nginx is not asked while it keeps its old workers beside the new ones, a tenth of a second after a reload")
    func notInVain() async throws {
        let world = try SwitchWorld()
        _ = try await world.traffic.run(to: .green)
        _ = try await world.traffic.rollBack()
        #expect(world.waitsBeforeAsking == [.milliseconds(100), .milliseconds(100)])
    }

    @Test("a port of the idle slot that another process holds is named before anything is started")
    func foreignPort() async throws {
        let world = try SwitchWorld()
        world.host.machine.setListeners([8002: PortHolder(pid: 4711, command: "python3")])
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.contains("port 8002, for api@green, is taken by process 4711 (python3)"))
        #expect(world.supervisor.calls.isEmpty)
    }

    @Test("a second switch is told who holds the lock, and to try again")
    func locked() async throws {
        let world = try SwitchWorld()
        world.host.disk.hold(world.layout.switchLock, by: 4711)
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.exit == .retry)
        #expect(error.because == "another switch or deploy is going on (process 4711)")
        var record = try #require(try world.record)
        record.ongoing = .init(from: .blue, to: .green, stage: .watching, began: world.host.wallTime() - 7000)
        try record.save(world.layout, on: world.host)
        let second = await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) }
        #expect(
            second?.because.hasSuffix("(process 4711): a switch to green, for 7 s, at the stage 'watching'") == true)
    }

    @Test("a slot without a release cannot be made live")
    func emptySlot() async throws {
        let world = try SwitchWorld()
        try SlotRecord(blue: SampleProfile.firstRelease).save(world.layout, on: world.host)
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.exit == .usage)
        #expect(world.supervisor.calls.isEmpty)
    }

    @Test(
        "an empty slot's next command is one that fills it here",
        arguments: [
            (FilePath("/trial"), ReleasePolicy.Source.bundled, "'bedplate trial start --root /trial'"),
            (FilePath("/"), .bundled, "'bedplate install'"),
            (FilePath("/"), .deployed, "'bedplate deploy PATH'"),
        ])
    func nextCommand(root: FilePath, source: ReleasePolicy.Source, command: String) async throws {
        var profile = SampleProfile.make()
        profile.release.source = source
        let world = try SwitchWorld(profile: profile, root: root)
        try SlotRecord(blue: SampleProfile.firstRelease).save(world.layout, on: world.host)
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.next?.contains(command) == true)
    }

    @Test("the old slot is stopped when its last connection has ended, not before")
    func drains() async throws {
        let world = try SwitchWorld()
        let clock = world.host.manualClock
        world.host.machine.onConnections { port in
            port == 8001 && clock.now.sinceStart < .seconds(40) ? 3 : 0
        }
        let report = try await world.traffic.run(to: .green)
        #expect(report.cut == 0)
        #expect(clock.now.sinceStart >= .seconds(40))
        #expect(clock.now.sinceStart < .seconds(41))
        #expect(world.seen.contains(.draining(connections: 3)))
    }

    @Test("the old slot waits for nginx workers of before the reload, which may hold a request not yet passed on")
    func oldWorkers() async throws {
        let world = try SwitchWorld()
        let clock = world.host.manualClock
        world.host.commands.onChildren { _ in
            let old = RunningProcess(pid: 500, title: "nginx: worker process is shutting down")
            let new = RunningProcess(pid: 510, title: "nginx: worker process")
            return world.nginxAnswers == .blue ? [old] : clock.now.sinceStart < .seconds(7) ? [old, new] : [new]
        }
        _ = try await world.traffic.run(to: .green)
        #expect(clock.now.sinceStart >= .seconds(7))
        #expect(clock.now.sinceStart < .seconds(8))
    }

    @Test("connections that outlive the drain's time are cut and counted")
    func cut() async throws {
        let world = try SwitchWorld()
        world.host.machine.onConnections { port in port == 8001 ? 2 : 0 }
        #expect(try await world.traffic.run(to: .green).cut == 2)
        #expect(world.host.manualClock.now.sinceStart >= .seconds(900))
        #expect(try world.isSettled(on: .green))
    }

    @Test("a switch that is killed after any operation is taken up and ends in exactly one live slot that serves")
    func everyPowerCut() async throws {
        let whole = try SwitchWorld()
        let before = whole.faults.count
        _ = try await whole.traffic.run(to: .green)
        let operations = whole.faults.count - before
        #expect(operations > 15)
        var outcomes: Set<Slot> = []
        var stages: Set<SwitchStage> = []
        for cut in 0..<operations {
            let world = try SwitchWorld()
            world.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await world.traffic.run(to: .green) }
            world.faults.restorePower()
            world.host.disk.letGoOfAll()
            if let stage = try world.record?.ongoing?.stage { stages.insert(stage) }
            let report = try await world.traffic.recover()
            let live = try #require(try world.live)
            #expect(report == nil || report?.live == live)
            #expect(try world.isSettled(on: live), "cut after \(cut)")
            outcomes.insert(live)
            // And what was asked for can be asked for again.
            #expect(try await world.traffic.run(to: .green).live == .green)
            #expect(try world.isSettled(on: .green), "again after \(cut)")
        }
        #expect(outcomes == [.blue, .green])
        #expect(stages.isSuperset(of: [.starting, .testing, .flipping, .verifying, .handing, .draining, .stopping]))
    }

    @Test("a way back that is killed after any operation ends on the old slot")
    func everyPowerCutOnTheWayBack() async throws {
        let whole = try SwitchWorld()
        let before = whole.faults.count
        whole.ignoreReloads()
        await #expect(throws: OperatorError.self) { try await whole.traffic.run(to: .green) }
        let operations = whole.faults.count - before
        for cut in 0..<operations {
            let world = try SwitchWorld()
            world.ignoreReloads()
            world.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await world.traffic.run(to: .green) }
            let wasReturning = try {
                world.faults.restorePower()
                return try [.returning, .abandoning].contains(world.record?.ongoing?.stage)
            }()
            world.ignoreReloads(false)
            world.host.disk.letGoOfAll()
            _ = try await world.traffic.recover()
            let live = try #require(try world.live)
            #expect(try world.isSettled(on: live), "cut after \(cut)")
            if wasReturning { #expect(live == .blue) }
        }
    }

    @Test("a run that finishes a switch which was stopped says that traffic moved")
    func finishingIsMoving() async throws {
        let world = try SwitchWorld()
        try NginxProgram(host: world.host, layout: world.layout, profile: world.profile).write(live: .green)
        var record = try #require(try world.record)
        record.ongoing = .init(from: .blue, to: .green, stage: .flipping, began: 0)
        try record.save(world.layout, on: world.host)
        let report = try await world.traffic.run(to: .green)
        #expect(report.live == .green && report.hasMoved)
        #expect(try world.isSettled(on: .green))
    }

    @Test("a run directory that somebody removed is made again, not a reason to fail")
    func runDirectoryIsGone() async throws {
        let world = try SwitchWorld()
        try world.host.disk.removeTree(world.layout.run)
        #expect(try await world.traffic.run(to: .green).live == .green)
        #expect(try world.host.disk.status(world.layout.run)?.kind == .directory)
    }

    @Test("a slot that died while its switch was stopped does not get traffic: it goes back")
    func diedMeanwhile() async throws {
        let world = try SwitchWorld()
        try NginxProgram(host: world.host, layout: world.layout, profile: world.profile).write(live: .green)
        var record = try #require(try world.record)
        record.ongoing = .init(from: .blue, to: .green, stage: .verifying, began: 0)
        try record.save(world.layout, on: world.host)
        world.supervisor.sicken(try InstanceName("api@green"), because: "killed by KILL")
        let report = try await world.traffic.recover()
        #expect(report?.live == .blue)
        #expect(try world.isSettled(on: .blue))
    }
}
