import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Synchronization
import SystemPackage
import Testing

@Suite struct WarmSlotTests {
    private func world(_ change: (inout FrontDoor) -> Void = { _ in }) throws -> SwitchWorld {
        var profile = SampleProfile.make(switching: Switching(watch: .zero, warm: .seconds(600)))
        change(&profile.frontDoor)
        return try SwitchWorld(profile: profile)
    }

    @Test("after a switch the old slot's servers stay, its workers do not, and somebody is told to stop them in time")
    func kept() async throws {
        let world = try world()
        let report = try await world.traffic.run(to: .green)
        #expect(world.supervisor.up.isSuperset(of: world.instances(.blue, [.server])))
        #expect(world.supervisor.up.isDisjoint(with: world.instances(.blue, [.worker])))
        #expect(world.supervisor.calls.last == "start keeper")
        #expect(report.warmUntil == world.host.wallTime() + 600_000)
        #expect(try world.isSettled(on: .green))
    }

    @Test("the keeper stops the old slot when its time is over, not before, and says so")
    func retired() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        let before = world.host.manualClock.now.sinceStart
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 0))
        #expect(world.host.manualClock.now.sinceStart - before >= .seconds(600))
        #expect(world.supervisor.up.isDisjoint(with: world.instances(.blue)))
        #expect(try world.record?.warm == nil)
        #expect(try world.isSettled(on: .green))
        #expect(world.supervisor.announced.last?.kind == .slotRetired)
    }

    /// Streams and uploads of blue: closing ends the streams.
    private func connect(streams: Int, uploads: Int, in world: SwitchWorld) -> Closing {
        let closing = Closing(streams)
        let clock = world.host.manualClock
        world.host.machine.onConnections { port in port == 8001 ? closing.open.withLock { $0 } + uploads : 0 }
        world.host.machine.onShutDown { port, source, holders in
            guard port == 8001, source == "127.0.0.2", holders == [510] else { return 0 }
            closing.times.withLock { $0.append(clock.now.sinceStart) }
            return closing.open.withLock { count in
                defer { count = 0 }
                return count
            }
        }
        return closing
    }

    private final class Closing: Sendable {
        let open: Mutex<Int>
        /// Since the start, of each time that something was closed.
        let times = Mutex<[Duration]>([])

        init(_ open: Int) { self.open = Mutex(open) }
    }

    @Test("streams on the old slot are closed and counted at their limit, while an upload goes on")
    func streams() async throws {
        let world = try world { $0.streams = .seconds(120) }
        let closing = connect(streams: 3, uploads: 1, in: world)
        _ = try await world.traffic.run(to: .green)
        let before = world.host.manualClock.now.sinceStart
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 1))
        #expect(closing.times.withLock { $0.first } == before + .seconds(120))
        #expect(world.supervisor.announced.map(\.kind) == [.trafficMoved, .streamsClosed, .slotRetired])
        #expect(world.supervisor.announced[1].reason == "3 of blue")
        #expect(world.host.manualClock.now.sinceStart - before >= .seconds(900))
    }

    @Test("streams may outlive the warm time, and the slot is stopped once they are closed")
    func longStreams() async throws {
        let world = try world { $0.streams = .seconds(700) }
        let closing = connect(streams: 2, uploads: 0, in: world)
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 0))
        #expect(closing.times.withLock { $0.count } == 1)
        #expect(world.host.manualClock.now.sinceStart < .seconds(702))
    }

    @Test("streams of a slot that is kept since the last look are closed at its limit, not at that of the one before")
    func keptAgain() async throws {
        let world = try world { $0.streams = .seconds(120) }
        let clock = world.host.manualClock
        let begin = clock.now.sinceStart
        let times = Mutex<[Duration]>([])
        world.host.machine.onShutDown { port, _, _ in
            guard port == 8001 else { return 0 }
            let isFirst = times.withLock { times in
                times.append(clock.now.sinceStart - begin)
                return times.count == 1
            }
            // There and back while the keeper sleeps: blue is kept anew, since 100 s from now.
            if isFirst, var record = try world.record {
                let since = world.host.wallTime() + 100_000
                record.warm = SlotRecord.WarmSlot(slot: .blue, since: since, until: since + 600_000)
                try record.save(world.layout, on: world.host)
            }
            return 1
        }
        _ = try await world.traffic.run(to: .green)
        _ = try await world.traffic.keep()
        #expect(times.withLock { $0.prefix(2).map(\.components.seconds) } == [120, 340])
    }

    @Test("streams of a slot that is live again are left alone")
    func liveAgain() async throws {
        let world = try world { $0.streams = .seconds(120) }
        let closing = connect(streams: 3, uploads: 0, in: world)
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.rollBack().live == .blue)
        #expect(try await world.traffic.keep()?.slot == .green)
        #expect(closing.times.withLock { $0 }.isEmpty)
    }

    @Test("a slot that nobody keeps lets go of its streams at their limit, and the answer says how many")
    func cold() async throws {
        var profile = SampleProfile.make()
        profile.frontDoor.streams = .seconds(5)
        let world = try SwitchWorld(profile: profile)
        let closing = connect(streams: 3, uploads: 0, in: world)
        let report = try await world.traffic.run(to: .green)
        #expect((report.closedStreams, report.cut) == (3, 0))
        #expect(closing.times.withLock { $0.count } == 1)
    }

    @Test("streams that cannot be closed end with their slot, and the keeper says why")
    func refused() async throws {
        let world = try world { $0.streams = .seconds(120) }
        world.host.machine.onShutDown { _, _, _ in
            throw HostError.failed(call: "pidfd_getfd", path: "/proc/510/fd/3", errno: .notPermitted)
        }
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 0))
        #expect(world.seen.contains { if case .note(let text) = $0 { text.contains("pidfd_getfd") } else { false } })
    }

    @Test("requests on the old slot are waited for up to the drain's limit, then cut and counted")
    func requests() async throws {
        let world = try world()
        world.host.machine.onConnections { port in port == 8001 ? 2 : 0 }
        _ = try await world.traffic.run(to: .green)
        let before = world.host.manualClock.now.sinceStart
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 2))
        #expect(world.host.manualClock.now.sinceStart - before >= .seconds(900))
    }

    @Test("an upload that ends after the warm time is waited for")
    func upload() async throws {
        let world = try world()
        let clock = world.host.manualClock
        world.host.machine.onConnections { port in port == 8001 && clock.now.sinceStart < .seconds(700) ? 1 : 0 }
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.keep() == SlotRetirement(slot: .blue, cut: 0))
        #expect(clock.now.sinceStart >= .seconds(700))
        #expect(clock.now.sinceStart < .seconds(702))
    }

    @Test("a rollback to the warm slot starts no server, and the keeper then minds the other slot")
    func rollBack() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.rollBack().live == .blue)
        #expect(try world.isSettled(on: .blue))
        #expect(try world.record?.warm?.slot == .green)
        #expect(try await world.traffic.keep()?.slot == .green)
        #expect(try world.isSettled(on: .blue))
    }

    @Test("a rollback to a slot that was stopped meanwhile starts it first")
    func rollBackToStopped() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        _ = try await world.traffic.keep()
        #expect(try await world.traffic.rollBack().live == .blue)
        #expect(try world.isSettled(on: .blue))
    }

    @Test("the slot can be stopped before its time, once nobody uses it")
    func early() async throws {
        let world = try world()
        #expect(try await world.traffic.retire() == nil)
        _ = try await world.traffic.run(to: .green)
        #expect(try await world.traffic.retire() == SlotRetirement(slot: .blue, cut: 0))
        #expect(world.host.manualClock.now.sinceStart < .seconds(5))
        #expect(try await world.traffic.keep() == nil)
    }

    @Test("whoever switches while the keeper waits is not disturbed by it")
    func busy() async throws {
        let world = try world()
        _ = try await world.traffic.run(to: .green)
        world.host.disk.hold(world.layout.switchLock, by: 4711)
        #expect(try await world.traffic.retire() == nil)
        #expect(world.supervisor.up.isSuperset(of: world.instances(.blue, [.server])))
    }

    @Test(
        "a keeper that is killed after any operation leaves one live slot, and the next one finishes its work",
        arguments: [false, true])
    func everyPowerCut(standsBy: Bool) async throws {
        func world() throws -> SwitchWorld {
            let switching = Switching(watch: .zero, warm: .seconds(600))
            return try SwitchWorld(profile: SampleProfile.makeWhole(switching: switching, standsBy: standsBy))
        }
        let whole = try world()
        _ = try await whole.traffic.run(to: .green)
        let before = whole.faults.count
        _ = try await whole.traffic.keep()
        for cut in 0..<whole.faults.count - before {
            let world = try world()
            _ = try await world.traffic.run(to: .green)
            world.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await world.traffic.keep() }
            world.faults.restorePower()
            world.host.disk.letGoOfAll()
            _ = try await world.traffic.keep()
            #expect(try world.isSettled(on: .green), "cut after \(cut)")
            #expect(world.supervisor.up.isDisjoint(with: world.instances(.blue)), "cut after \(cut)")
        }
    }
}
