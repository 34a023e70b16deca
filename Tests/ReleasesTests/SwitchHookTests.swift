import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Synchronization
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

    /// Asked of green: what it answers, and in which order all of it was tried.
    private func asked(_ answer: String, of check: String = #"{path: /api/health, contains: ready}"#) async throws -> (
        world: SwitchWorld, asked: [String]
    ) {
        let switching = Switching(watch: .zero, warm: .zero, smoke: [SmokeCheck(path: "/", status: 200)])
        let world = try SwitchWorld(profile: SampleProfile.makeWhole(switching: switching))
        let folder = ReleaseStore(host: world.host, layout: world.layout).directory(of: SampleProfile.secondRelease)
        world.host.disk.plant(folder.appending("bedplate.yaml"), "smoke: [\(check)]\n")
        let asked = Mutex<[String]>([])
        world.host.machine.onExchange { request in
            let text = String(decoding: request.request, as: UTF8.self)
            asked.withLock { $0.append(text.split(separator: "\r\n").prefix(2).joined(separator: " ")) }
            return Array("HTTP/1.1 200 OK\r\n\r\n\(answer)".utf8)
        }
        _ = try? await world.traffic.run(to: .green)
        return (world, asked.withLock { $0 })
    }

    @Test("the requests of the profile and those of the release are asked of the new slot before its programs run")
    func requests() async throws {
        let (world, asked) = try await asked("ready")
        #expect(
            asked == [
                "GET / HTTP/1.0 Host: 127.0.0.1:3001", "GET /api/health HTTP/1.0 Host: 127.0.0.1:8002",
            ])
        #expect(world.supervisor.calls.contains("start smoke@green"))
        #expect(try world.isSettled(on: .green))
    }

    @Test("a request that is answered wrongly leaves traffic untouched, and neither programs nor migration run")
    func wrongAnswer() async throws {
        let (world, _) = try await asked("not yet")
        #expect(try world.isSettled(on: .blue))
        #expect(!world.supervisor.calls.contains { $0.contains("smoke@green") && $0.hasPrefix("start") })
        #expect(!world.supervisor.calls.contains("start migrate@green"))
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(
            error.because.hasPrefix(
                "GET /api/health is answered without 'ready': not yet\n  stage: smoking\n  traffic: it stayed on blue"),
            "\(error.because)")
        #expect(error.next == "bedplate logs api@green")
    }

    private func previewing(_ span: TimeSpan = .seconds(20), at listener: Listener? = Self.preview) throws
        -> SwitchWorld
    {
        var profile = SampleProfile.makeWhole(switching: Switching(watch: .zero, warm: .zero, preview: span))
        profile.frontDoor.preview = listener
        let world = try SwitchWorld(profile: profile)
        world.host.machine.setListeners([18082: PortHolder(pid: 500, command: "nginx")])
        return world
    }
    private static let preview = Listener(address: "127.0.0.1", port: Port(18082)!)

    @Test("a new slot that passed its checks is shown for its time, before its migration and before traffic")
    func shown() async throws {
        let world = try previewing()
        _ = try await world.traffic.run(to: .green)
        let stages = world.seen.compactMap { if case .stage(let stage, _, _) = $0 { stage } else { nil } }
        #expect(stages.prefix(5) == [.starting, .smoking, .previewing, .migrating, .testing])
        #expect(world.seen.contains(.note("green can be looked at for 20s: http://127.0.0.1:18082")))
        #expect(world.host.manualClock.now.sinceStart >= .seconds(20))
        #expect(try world.isSettled(on: .green))
    }

    @Test("a slot that falls ill while it is shown gets no traffic, and no migration")
    func illWhileShown() async throws {
        let world = try previewing(.seconds(60))
        let api = try InstanceName("api@green")
        world.host.manualClock.onAdvance { now in
            if now > .seconds(3) { world.supervisor.fell(api, because: "exited 1") }
        }
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(error.because.contains("api@green did not stay healthy: exited 1"), "\(error.because)")
        #expect(error.because.contains("stage: previewing") && error.because.contains("it stayed on blue"))
        #expect(!world.supervisor.calls.contains("start migrate@green"))
        #expect(try world.isSettled(on: .blue))
    }

    @Test("a preview that nginx does not listen at, or that has no address, shows nothing and says so")
    func nowhere() async throws {
        let world = try previewing()
        world.host.machine.setListeners([:])
        let error = try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) })
        #expect(
            error.because.contains("does not listen at its preview")
                && error.next == "bedplate trial start --root /trial")
        #expect(try world.isSettled(on: .blue))
        let without = try previewing(.zero, at: nil)
        let usage = try #require(
            await #expect(throws: OperatorError.self) {
                try await without.traffic.run(to: .green, SwitchWishes(preview: .seconds(5)))
            })
        #expect(usage.exit == .usage && usage.next?.contains("front_door.preview") == true)
        #expect(without.supervisor.calls.isEmpty)
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
