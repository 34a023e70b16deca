import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import SystemPackage
import Testing

@Suite struct SwitchHookTests {
    private func world() throws -> SwitchWorld { try SwitchWorld(profile: SampleProfile.makeWhole()) }

    @Test("checks and migration come before traffic moves, and the parts change in their order")
    func order() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        #expect(
            world.supervisor.calls == [
                "apply", "start api@green web@green", "start smoke@green", "start migrate@green", "signal nginx HUP",
                "apply", "start worker@green", "stop beat@blue", "start beat@green", "stop worker@blue",
                "stop api@blue beat@blue migrate@blue smoke@blue web@blue worker@blue",
            ])
        #expect(try world.isSettled(on: .green))
    }

    @Test("hooks never run with the stack, and are tried once")
    func neverByThemselves() throws {
        let world = try world()
        for name in ["smoke@blue", "migrate@green"] {
            let spec = try #require(world.supervisor.stack.instances.first { $0.name.description == name })
            #expect(!spec.autostart && spec.restart.mode == .never)
        }
    }

    @Test(
        "a hook that fails leaves traffic untouched, and its stage and last lines are told",
        arguments: [("smoke@green", "smoking"), ("migrate@green", "migrating")])
    func failing(name: String, stage: String) async throws {
        let world = try world()
        let hook = try InstanceName(name)
        world.supervisor.sicken(hook, because: "exited 1", lines: ["no such table"])
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.hasPrefix("\(name) failed: exited 1\n    | no such table\n  stage: \(stage)\n"))
        #expect(error.because.contains("it stayed on blue"))
        #expect(error.next == "bedplate logs \(name)")
        #expect(try world.isSettled(on: .blue))
        #expect(!world.supervisor.calls.contains("signal nginx HUP"))
    }

    @Test("a migration runs once for a release, and a rollback runs nothing")
    func once() async throws {
        let world = try world()
        func runs(_ name: String) -> Int { world.supervisor.calls.count { $0 == "start \(name)" } }
        _ = try await world.traffic.run(to: .green)
        _ = try await world.traffic.rollBack()
        #expect(runs("migrate@blue") == 0 && runs("smoke@blue") == 0)
        _ = try await world.traffic.run(to: .green)
        #expect(runs("migrate@green") == 1 && runs("smoke@green") == 2)
        #expect(try world.record?.migrated == [SampleProfile.secondRelease])
    }

    @Test("a switch that is not watched is proven all the same")
    func unwatched() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green, SwitchWishes(watch: .zero))
        #expect(world.supervisor.calls.contains("start smoke@green"))
        #expect(world.supervisor.calls.contains("start migrate@green"))
    }

    @Test("a migration that failed runs again at the next switch")
    func again() async throws {
        let world = try world()
        let migrate = try InstanceName("migrate@green")
        world.supervisor.sicken(migrate, because: "exited 1")
        await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) }
        world.supervisor.cure(migrate)
        _ = try await world.traffic.run(to: .green)
        #expect(world.supervisor.calls.count { $0 == "start migrate@green" } == 2)
        #expect(try world.isSettled(on: .green))
    }

    @Test("a worker of the new slot that does not become healthy takes traffic back, and the old work goes on")
    func brokenWorker() async throws {
        let world = try world()
        world.supervisor.sicken(try InstanceName("worker@green"), because: "exited 1, again in 30s")
        let error = try #require(
            await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.contains("stage: handing\n  traffic: it went back to blue"))
        #expect(try world.isSettled(on: .blue))
    }
}
