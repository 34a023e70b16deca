import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Synchronization
import Testing

/// What stands by in the slot that a switch keeps: its keeper loads it again.
@Suite struct KeptLoadedTests {
    private let beat = InstanceName(try! ProcessName("beat"), slot: .blue)
    private let worker = InstanceName(try! ProcessName("worker"), slot: .blue)

    /// A moment after a switch to green.
    private func switched() async throws -> SwitchWorld {
        let switching = Switching(watch: .zero, warm: .seconds(600))
        let world = try SwitchWorld(profile: SampleProfile.makeWhole(switching: switching, standsBy: true))
        _ = try await world.traffic.run(to: .green)
        return world
    }

    /// Seconds after the switch at which each was first seen to run.
    private func watch(_ world: SwitchWorld) -> @Sendable (InstanceName) -> Int64? {
        let clock = world.host.manualClock
        let seen = Mutex<[InstanceName: Duration]>([:])
        let begin = clock.now.sinceStart
        clock.onAdvance { now in
            for name in world.supervisor.up { seen.withLock { $0[name] = $0[name] ?? now - begin } }
        }
        return { name in seen.withLock { $0[name]?.components.seconds } }
    }

    private func notes(_ world: SwitchWorld) -> [String] {
        world.seen.compactMap { if case .note(let text) = $0 { text } else { nil } }
    }

    @Test("the switch has ended before they are loaded, and then they stand by until their slot is stopped")
    func loaded() async throws {
        let world = try await switched()
        #expect(world.supervisor.up.isDisjoint(with: [beat, worker]))
        let before = world.supervisor.calls.count
        let said = Mutex<[String?]>([])
        world.host.manualClock.onAdvance { now in
            guard now > .seconds(60), said.withLock(\.isEmpty), let status = try? world.supervisor.status() else {
                return
            }
            said.withLock { $0 = status.instances.filter { $0.name == beat || $0.name == worker }.map(\.says) }
        }
        let first = watch(world)
        #expect(try await world.traffic.keep()?.slot == .blue)
        // Seen at the first look after its start: none ran yet when the second was over.
        for name in [beat, worker] { #expect(first(name).map { (2...3).contains($0) } == true, "\(name)") }
        #expect(said.withLock { $0 } == ["standing by", "standing by"])
        // A command of its own for each: the second is not started while the first loads.
        #expect(world.supervisor.calls[before...].prefix(2) == ["start worker@blue", "start beat@blue"])
    }

    @Test("one that does not load is given its time and told of, and the others load all the same")
    func broken() async throws {
        let world = try await switched()
        world.supervisor.sicken(worker, because: "exited 1")
        let first = watch(world)
        _ = try await world.traffic.keep()
        #expect(notes(world).contains { $0.hasPrefix("cannot keep worker@blue loaded for a rollback: ") })
        #expect(notes(world).first?.hasSuffix("\n  next: bedplate logs worker@blue") == true)
        #expect(notes(world).count == 1)
        let loaded = try #require(first(beat))
        #expect(loaded > 2 && loaded < 590)
    }

    @Test("nothing is loaded while somebody is at work on the slots")
    func busy() async throws {
        let world = try await switched()
        world.host.disk.hold(world.layout.switchLock, by: 4711)
        let begin = world.host.manualClock.now.sinceStart
        world.host.manualClock.onAdvance { now in if now - begin >= .seconds(20) { world.host.disk.letGoOfAll() } }
        let first = watch(world)
        _ = try await world.traffic.keep()
        #expect(first(worker).map { (20...22).contains($0) } == true)
    }

    @Test("a slot that is given another part while it loads is left alone, and nothing is told")
    func taken() async throws {
        let world = try await switched()
        world.supervisor.sicken(worker, because: "still loading")
        let begin = world.host.manualClock.now.sinceStart
        world.host.manualClock.onAdvance { now in
            guard now - begin >= .seconds(3), var record = try? world.record, record.warm != nil else { return }
            record.warm = nil
            try? record.save(world.layout, on: world.host)
        }
        #expect(try await world.traffic.keep() == nil)
        #expect(notes(world).isEmpty)
        #expect(!world.supervisor.calls.contains("start beat@blue"))
    }
}
