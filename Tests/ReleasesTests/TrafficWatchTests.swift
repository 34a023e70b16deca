import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import SystemPackage
import Testing

@Suite struct TrafficWatchTests {
    private func world(watch: TimeSpan = .seconds(60)) throws -> SwitchWorld {
        try SwitchWorld(profile: SampleProfile.make(switching: Switching(watch: watch, warm: .seconds(600))))
    }

    private func refusal(_ world: SwitchWorld, _ wishes: SwitchWishes = SwitchWishes()) async throws -> OperatorError {
        try #require(await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green, wishes) })
    }

    @Test("a new slot that answers well is watched for its time, and stays")
    func calm() async throws {
        let world = try world()
        world.answer(.blue, statuses: Array(repeating: 200, count: 50))
        world.afterReload { world.answer(.green, statuses: Array(repeating: 200, count: 99) + [500]) }
        _ = try await world.traffic.run(to: .green)
        #expect(world.host.manualClock.now.sinceStart >= .seconds(60))
        #expect(try world.isSettled(on: .green))
        #expect(world.supervisor.announced.map(\.kind) == [.trafficMoved])
    }

    @Test("errors of the new slot take traffic back, and an event and the message say why")
    func errors() async throws {
        let world = try world()
        world.answer(.blue, statuses: Array(repeating: 200, count: 99) + [502])
        world.afterReload {
            world.answer(.green, statuses: Array(repeating: 200, count: 90) + Array(repeating: 500, count: 10))
        }
        let error = try await refusal(world)
        #expect(error.because.hasPrefix("10 of 100 answers of the new slot were errors, before the switch 1 of 100;"))
        #expect(error.because.contains("stage: watching\n  traffic: it went back to blue; green is not running"))
        #expect(try world.isSettled(on: .blue))
        #expect(world.host.manualClock.now.sinceStart < .seconds(2))
        let event = try #require(world.supervisor.announced.last)
        #expect(event.kind == .trafficReturned)
        #expect(event.reason?.hasPrefix("to blue: 10 of 100 answers") == true)
    }

    @Test("an application that answered with errors before, too, is not blamed on the new slot")
    func usual() async throws {
        let world = try world()
        world.answer(.blue, statuses: Array(repeating: 503, count: 50))
        world.afterReload { world.answer(.green, statuses: Array(repeating: 503, count: 50)) }
        _ = try await world.traffic.run(to: .green)
        #expect(try world.isSettled(on: .green))
    }

    @Test("answers of the old slot, and too few of the new one, prove nothing")
    func few() async throws {
        let world = try world()
        world.afterReload {
            world.answer(.blue, statuses: Array(repeating: 502, count: 100))
            world.answer(.green, statuses: Array(repeating: 500, count: TrafficWatch.fewest - 1))
        }
        _ = try await world.traffic.run(to: .green)
        #expect(try world.isSettled(on: .green))
    }

    @Test("a log that was rotated meanwhile is read from its beginning")
    func rotated() async throws {
        let world = try world()
        world.answer(.blue, statuses: Array(repeating: 200, count: 500))
        world.afterReload {
            world.host.disk.plant(world.layout.accessLog(of: world.profile.frontDoor), "")
            world.answer(.green, statuses: Array(repeating: 500, count: 30))
        }
        _ = try await refusal(world)
        #expect(try world.isSettled(on: .blue))
    }

    @Test("an instance that ends and does not come back takes traffic back")
    func fell() async throws {
        let world = try world()
        let api = try InstanceName("api@green")
        world.afterReload {
            if world.nginxAnswers == .green { world.supervisor.fell(api, because: "killed by SEGV") }
        }
        let error = try await refusal(world)
        #expect(error.because.hasPrefix("api@green did not stay healthy: killed by SEGV"))
        #expect(try world.isSettled(on: .blue))
        #expect(world.host.manualClock.now.sinceStart < .seconds(7))
    }

    @Test("without a watch nothing of it is looked at")
    func off() async throws {
        let world = try world()
        world.afterReload { world.answer(.green, statuses: Array(repeating: 500, count: 100)) }
        _ = try await world.traffic.run(to: .green, SwitchWishes(watch: .zero))
        #expect(try world.isSettled(on: .green))
        #expect(world.host.manualClock.now.sinceStart < .seconds(1))
    }

    @Test("a share of the clients meets the new slot first, while the old one is live and does the work")
    func share() async throws {
        let world = try world()
        world.afterReload {
            guard world.nginxAnswer == FrontDoorAnswer(live: .blue, share: 10) else { return }
            #expect(world.supervisor.up.isDisjoint(with: world.instances(.green, [.worker])))
            world.answer(.green, statuses: Array(repeating: 200, count: 30))
        }
        _ = try await world.traffic.run(to: .green, SwitchWishes(share: 10))
        let stages = world.seen.compactMap { if case .stage(let stage, _, _) = $0 { stage } else { nil } }
        #expect(stages == [.starting, .testing, .sharing, .flipping, .verifying, .handing, .watching])
        #expect(world.host.manualClock.now.sinceStart >= .seconds(120))
        #expect(try world.isSettled(on: .green))
    }

    @Test("errors met by the share end it: the other clients never see the new slot")
    func badShare() async throws {
        let world = try world()
        world.afterReload { world.answer(.green, statuses: Array(repeating: 500, count: 30)) }
        let error = try await refusal(world, SwitchWishes(share: 10))
        #expect(error.because.contains("stage: sharing"))
        #expect(try world.isSettled(on: .blue))
        #expect(!world.seen.contains(.stage(.flipping, from: .blue, to: .green)))
    }

    @Test("a switch with a share that is killed after any operation ends in one live slot for all clients")
    func everyPowerCut() async throws {
        let whole = try world(watch: .seconds(1))
        let before = whole.faults.count
        _ = try await whole.traffic.run(to: .green, SwitchWishes(share: 10))
        for cut in 0..<whole.faults.count - before {
            let world = try world(watch: .seconds(1))
            world.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) {
                try await world.traffic.run(to: .green, SwitchWishes(share: 10))
            }
            world.faults.restorePower()
            world.host.disk.letGoOfAll()
            _ = try await world.traffic.recover()
            #expect(try world.isSettled(on: try #require(try world.live)), "cut after \(cut)")
        }
    }
}
