import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Testing

/// Workers and schedulers that load before a switch and wait until their slot is live.
@Suite struct StandbyTests {
    private func world(warm: TimeSpan = .seconds(600)) throws -> SwitchWorld {
        let switching = Switching(watch: .zero, warm: warm)
        return try SwitchWorld(profile: SampleProfile.makeWhole(switching: switching, standsBy: true))
    }

    private func says(_ name: String, in world: SwitchWorld) throws -> String? {
        try world.supervisor.status().instances.first { $0.name.description == name }?.says
    }

    @Test("they load before traffic moves, and go to work with their slot")
    func order() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        #expect(
            world.supervisor.calls == [
                "apply", "start api@green web@green", "start beat@green worker@green", "start smoke@green",
                "start migrate@green", "signal nginx HUP", "apply", "start worker@green",
                "start beat@green worker@green", "stop beat@blue", "start beat@green", "stop worker@blue",
                "start keeper",
            ])
        for part in ["worker", "beat"] { #expect(try says("\(part)@green", in: world) == "at work") }
        #expect(try world.isSettled(on: .green))
        #expect(try await world.traffic.rollBack().live == .blue)
        #expect(try world.isSettled(on: .blue))
    }

    @Test("each is told its slot and where it reads which one is live, and nobody else is")
    func told() throws {
        let world = try world()
        let told = world.supervisor.stack.instances.filter { $0.environment["BEDPLATE_LIVE_SLOT"] != nil }
        #expect(
            told.map(\.name.description).sorted() == ["beat@blue", "beat@green", "worker@blue", "worker@green"])
        for spec in told {
            #expect(spec.environment["BEDPLATE_SLOT"] == spec.name.slot?.rawValue)
            #expect(spec.environment["BEDPLATE_LIVE_SLOT"] == "/trial/var/lib/bedplate/live-slot")
        }
    }

    @Test("nothing is loaded in a slot that is not kept")
    func notKept() async throws {
        let world = try world(warm: .zero)
        _ = try await world.traffic.run(to: .green)
        #expect(try world.isSettled(on: .green))
    }

    @Test("one that cannot start is found before traffic moves", arguments: ["worker@green", "beat@green"])
    func broken(name: String) async throws {
        let world = try world()
        world.supervisor.sicken(try InstanceName(name), because: "exited 1", lines: ["no such module"])
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(
            error.because.hasPrefix("\(name) is not healthy: exited 1\n    | no such module\n  stage: starting\n"))
        #expect(error.next == "bedplate logs \(name)")
        #expect(!world.supervisor.calls.contains("signal nginx HUP"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("one that is at work before its turn is stopped with its slot, and traffic stays")
    func early() async throws {
        let world = try world()
        world.supervisor.insist(try InstanceName("worker@green"), says: "at work")
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.hasPrefix("worker@green has not said that it stands by, and may be at work beside"))
        #expect(error.next?.contains("docs/profile.md") == true)
        #expect(!world.supervisor.calls.contains("signal nginx HUP"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("one that the supervisor knows nothing of is asked again by starting it anew, before traffic moves")
    func silent() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        // As the keeper does.
        try world.supervisor.start(StackCompiler(profile: world.profile, layout: world.layout).standbys(of: .blue))
        world.supervisor.forgetWhatWasSaid()
        let before = world.supervisor.calls.count
        _ = try await world.traffic.run(to: .blue)
        let calls = world.supervisor.calls[before...]
        let stopped = try #require(calls.firstIndex(of: "stop beat@blue worker@blue"))
        let moved = try #require(calls.firstIndex(of: "signal nginx HUP"))
        #expect(calls[stopped + 1] == "start beat@blue worker@blue" && stopped < moved)
        #expect(try world.isSettled(on: .blue))
        try world.supervisor.start(StackCompiler(profile: world.profile, layout: world.layout).standbys(of: .green))
        // One that says nothing then either is none that can stand by.
        world.supervisor.insist(try InstanceName("beat@green"), says: nil)
        world.supervisor.forgetWhatWasSaid()
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.hasPrefix("beat@green has not said that it stands by"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("one that does not go to work takes traffic back, and the old one was not stopped before")
    func late() async throws {
        let world = try world()
        world.supervisor.insist(try InstanceName("worker@green"), says: "standing by")
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.hasPrefix("worker@green still stands by"))
        #expect(error.because.contains("  stage: handing\n"))
        let returned = try #require(world.supervisor.calls.lastIndex(of: "signal nginx HUP"))
        #expect(!world.supervisor.calls[..<returned].contains("stop worker@blue"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("a rollback moves traffic without waiting for what still loads")
    func rollback() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        world.supervisor.sicken(try InstanceName("worker@blue"), because: "still loading")
        let moved = world.supervisor.calls.count
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.rollBack() })
        // It is given its time once the front door leads there.
        #expect(error.because.contains("  stage: handing\n"))
        #expect(world.supervisor.calls[moved...].contains("signal nginx HUP"))
    }

    @Test("a deploy proves that they start, before anything is switched")
    func deployed() async throws {
        let world = try DeployWorld(standsBy: true)
        world.plantBuild()
        _ = try await world.deploy()
        world.plantBuild("two")
        _ = try await world.deploy()
        #expect(world.supervisor.up.contains(try InstanceName("worker@green")))
        world.plantBuild("three")
        world.supervisor.sicken(try InstanceName("worker@green"), because: "exited 1", lines: ["no such module"])
        let error = try await #require(throws: OperatorError.self) { try await world.deploy() }
        #expect(error.because.contains("worker@green is not healthy: exited 1\n    | no such module"))
        #expect(error.next == "bedplate logs worker@green")
        #expect(try world.record?.deploying == nil)
    }

    @Test("a switch that is killed after any operation is taken up, and nothing stands by where work is to be done")
    func everyPowerCut() async throws {
        let whole = try world()
        let before = whole.faults.count
        _ = try await whole.traffic.run(to: .green)
        let operations = whole.faults.count - before
        #expect(operations > 20)
        for cut in 0..<operations {
            let world = try world()
            world.faults.cutPower(after: cut)
            _ = try? await world.traffic.run(to: .green)
            world.faults.restorePower()
            world.host.disk.letGoOfAll()
            _ = try await world.traffic.recover()
            let live = try #require(try world.live)
            try demandWork(of: live, in: world, "cut after \(cut)")
            // And what was asked for can be asked for again.
            #expect(try await world.traffic.run(to: .green).live == .green)
            try demandWork(of: .green, in: world, "again after \(cut)")
        }
    }

    private func demandWork(of live: Slot, in world: SwitchWorld, _ when: Comment) throws {
        #expect(try world.isSettled(on: live), when)
        for part in ["worker", "beat"] {
            #expect(try says("\(part)@\(live)", in: world) == "at work", when)
        }
    }
}
