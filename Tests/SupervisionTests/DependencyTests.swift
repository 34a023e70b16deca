import Control
import CoreTypes
import Supervision
import Testing

@Suite("Dependencies, apply and shutdown")
struct DependencyTests {
    @Test("an instance starts only when what it requires is healthy")
    func waitsForHealth() {
        var fixture = MachineFixture([
            spec("web", requires: ["api"]), spec("api", probes: ProbeSet(readiness: tcp)),
        ])
        fixture.spawnAll()
        #expect(fixture.state("web") == .waiting)
        #expect(fixture.status("web").reason == "waits for api to be healthy")
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .success)
        #expect(fixture.state("web") == .starting)
    }

    @Test("dependents of a lost dependency stop, and come back with it")
    func lostDependency() {
        var fixture = MachineFixture([spec("db"), spec("api", requires: ["db"]), spec("web", requires: ["api"])])
        fixture.spawnAll()
        fixture.end("db", .killed(.kill))
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.state("web") == .stopping)
        #expect(fixture.signals == ["web TERM"])
        fixture.end("web", .killed(.terminate))
        #expect(fixture.signals == ["web TERM", "api TERM"])
        fixture.end("api", .killed(.terminate))
        #expect(fixture.state("api") == .waiting)
        fixture.pass(.milliseconds(100))
        fixture.spawnAll()
        #expect(fixture.state("web") == .up)
        #expect(fixture.status("web").restarts == 0)
    }

    @Test("a dependency that turns unhealthy but runs stops nobody")
    func unhealthyDependency() {
        var probe = tcp
        probe.failureThreshold = 1
        var fixture = MachineFixture([spec("db", probes: ProbeSet(readiness: probe)), spec("api", requires: ["db"])])
        fixture.spawnAll()
        fixture.pass(.milliseconds(50))
        fixture.answer("db", .readiness, .success)
        fixture.spawnAll()
        fixture.pass(.seconds(5))
        fixture.answer("db", .readiness, .failure("slow"))
        #expect(!fixture.status("db").healthy)
        #expect(fixture.state("api") == .up)
    }

    @Test("a one-shot that is to run again, and must wait, takes down what requires it until it has run")
    func oneshotAgain() {
        var probe = tcp
        probe.failureThreshold = 1
        var migrate = spec("migrate", requires: ["db"])
        migrate.kind = .oneshot
        var fixture = MachineFixture([
            spec("db", probes: ProbeSet(readiness: probe)), migrate, spec("api", requires: ["migrate"]),
        ])
        fixture.spawnAll()
        fixture.pass(.milliseconds(50))
        fixture.answer("db", .readiness, .success)
        fixture.spawnAll()
        fixture.end("migrate", .exited(0))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        fixture.pass(.seconds(5))
        fixture.answer("db", .readiness, .failure("slow"))
        fixture.tell(.asked(.start([instance("migrate")])))
        #expect(fixture.state("migrate") == .waiting)
        #expect(fixture.state("api") == .stopping)
    }

    @Test(
        "a process that gets slots, or loses them, starts when the one whose place it takes has ended, and not before",
        arguments: [("beat", "beat@blue"), ("beat@blue", "beat")])
    func changesSlots(earlier: String, later: String) {
        var fixture = MachineFixture([spec(earlier), spec("api")])
        fixture.spawnAll()
        fixture.ask(.apply(MachineFixture.stack([spec(later), spec("api"), spec("other@blue")])))
        fixture.spawnAll()
        #expect(fixture.signals == ["\(earlier) TERM"])
        #expect(fixture.state(later) == .waiting)
        #expect(fixture.status(later).reason == "waits for \(earlier), which it takes the place of, to end")
        #expect(fixture.state("other@blue") == .up)
        fixture.end(earlier, .exited(0), groupRemains: true)
        fixture.spawnAll()
        #expect(fixture.state(later) == .waiting)
        fixture.groupGone(earlier)
        fixture.spawnAll()
        #expect(fixture.state(later) == .up)
        // It is forgotten then: a crash is nobody else's business.
        fixture.end(later, .killed(.kill))
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        #expect(fixture.state(later) == .up)
    }

    @Test("a process of one slot does not wait for the end of the other slot's, which leaves")
    func leavesAlone() {
        var fixture = MachineFixture([spec("api@blue")])
        fixture.spawnAll()
        fixture.ask(.apply(MachineFixture.stack([spec("api@green")])))
        fixture.spawnAll()
        #expect(fixture.state("api@green") == .up)
        #expect(fixture.signals == ["api@blue TERM"])
    }

    @Test("what is in the stack with slots and without is two processes, and neither waits for the other's end")
    func bothStay() {
        var fixture = MachineFixture([spec("beat@blue"), spec("beat", after: ["beat@blue"])])
        fixture.spawnAll()
        #expect(fixture.state("beat@blue") == .up)
        #expect(fixture.state("beat") == .up)
    }

    @Test("a soft dependency orders the start and nothing else")
    func softDependency() {
        var fixture = MachineFixture([
            spec("web", after: ["api"]), spec("api", probes: ProbeSet(readiness: tcp)),
        ])
        fixture.spawnAll()
        #expect(fixture.state("web") == .waiting)
        fixture.end("api", .exited(1))
        #expect(fixture.state("web") == .starting)
        fixture.spawnAll()
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        fixture.end("api", .exited(1))
        #expect(fixture.state("web") == .up)
    }

    @Test("a soft dependency that waits for something that failed holds nobody up")
    func stuckSoftDependency() {
        let never = RestartPolicy(mode: .never)
        var fixture = MachineFixture([
            spec("db", restart: never, probes: ProbeSet(readiness: tcp)), spec("api", requires: ["db"]),
            spec("web", after: ["api"]), spec("edge", after: ["web"]),
        ])
        fixture.spawnAll()
        #expect(fixture.state("web") == .waiting)
        #expect(fixture.state("edge") == .waiting)
        fixture.end("db", .exited(1))
        fixture.spawnAll()
        #expect(fixture.state("api") == .waiting)
        #expect(fixture.state("web") == .up)
        #expect(fixture.state("edge") == .up)
    }

    @Test("a stop that a supervisor's crash interrupted is finished by the next, and a restart comes back")
    func interruptedStops() {
        var fixture = MachineFixture(
            [spec("stopped"), spec("restarted"), spec("kept")],
            remembering: [
                "stopped": .init(wanted: false, pid: 7), "restarted": .init(wanted: true, pid: 8, wasStopping: true),
                "kept": .init(wanted: true, pid: 9),
            ])
        #expect(Set(fixture.signals) == ["stopped TERM", "restarted TERM"])
        fixture.end("stopped", .unseen)
        fixture.end("restarted", .unseen)
        fixture.spawnAll()
        #expect(fixture.state("stopped") == .down)
        #expect(fixture.state("restarted") == .up)
        #expect(fixture.status("kept").pid == 9)
    }

    @Test("what gave up stays failed under the next supervisor, and that is on disk at once")
    func failedIsRemembered() {
        var fixture = MachineFixture([spec("api", restart: RestartPolicy(mode: .never))])
        fixture.spawnAll()
        fixture.clear()
        fixture.end("api", .exited(1))
        #expect(fixture.actions.contains { if case .persist(durable: true) = $0 { true } else { false } })
        let memory = fixture.machine.instances[instance("api")]!.memory
        var next = MachineFixture([spec("api")], remembering: ["api": memory])
        next.pass(.seconds(3600))
        #expect(next.state("api") == .failed)
        #expect(next.spawned.isEmpty)
    }

    @Test("shutdown stops dependents first, and exits when nothing runs")
    func shutdownOrder() {
        var fixture = MachineFixture([spec("web", after: ["api"]), spec("api", requires: ["db"]), spec("db")])
        fixture.spawnAll()
        fixture.clear()
        fixture.ask(.shutdown)
        #expect(fixture.signals == ["web TERM"])
        fixture.end("web", .exited(0))
        #expect(fixture.signals == ["web TERM", "api TERM"])
        fixture.end("api", .exited(0))
        #expect(fixture.signals == ["web TERM", "api TERM", "db TERM"])
        #expect(!fixture.actions.contains { if case .exit = $0 { true } else { false } })
        fixture.end("db", .exited(0))
        #expect(fixture.actions.contains { if case .exit = $0 { true } else { false } })
        #expect(fixture.machine.instances.values.filter { !$0.wanted }.isEmpty)
    }

    @Test("starting an instance starts what it requires")
    func startPullsIn() {
        var fixture = MachineFixture([spec("db", autostart: false), spec("api", requires: ["db"], autostart: false)])
        fixture.ask(.start([instance("api")]))
        fixture.spawnAll()
        #expect(fixture.state("db") == .up)
        #expect(fixture.state("api") == .up)
    }

    @Test("what failed for want of its dependency tries again when that is back")
    func anotherChance() {
        let policy = RestartPolicy(mode: .never)
        var fixture = MachineFixture([spec("db"), spec("api", requires: ["db"], restart: policy)])
        fixture.spawnAll()
        fixture.end("api", .exited(1))
        #expect(fixture.state("api") == .failed)
        fixture.end("db", .exited(1))
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
    }

    @Test("apply restarts what changed, stops what left, starts what came, and leaves the rest alone")
    func apply() {
        var changed = spec("api")
        var fixture = MachineFixture([changed, spec("web"), spec("old")])
        fixture.spawnAll()
        changed.environment["A"] = "1"
        var tuned = spec("web")
        tuned.restart.maximum = .seconds(1)
        let next = MachineFixture.stack([changed, tuned, spec("new")])
        let difference = fixture.machine.stack.difference(to: next)
        #expect(difference.changed.map(\.description) == ["api"])
        #expect(difference.unchanged.map(\.description) == ["web"])
        fixture.clear()
        fixture.ask(.apply(next))
        #expect(Set(fixture.signals) == ["api TERM", "old TERM"])
        fixture.end("old", .exited(0))
        #expect(fixture.machine.instances[instance("old")] == nil)
        fixture.end("api", .exited(0))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        #expect(fixture.state("new") == .up)
        #expect(fixture.status("web").pid == 102 || fixture.status("web").pid! < 104)
    }

    @Test("an instance that left and comes back while it stops, runs again")
    func leavesAndComesBack() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        fixture.ask(.apply(MachineFixture.stack([])))
        fixture.ask(.apply(MachineFixture.stack([spec("api")])))
        fixture.end("api", .exited(0))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
    }

    @Test("what an earlier supervisor started is adopted, not started again")
    func adoption() {
        var machine = StackMachine(MachineFixture.stack([spec("db"), spec("api", requires: ["db"])]), seed: 1)
        let actions = machine.open(
            remembering: [
                instance("db"): .init(wanted: true, restarts: 2, pid: 7), instance("api"): .init(wanted: true, pid: 8),
            ], at: Moment(milliseconds: 0), wall: 0)
        #expect(!actions.contains { if case .spawn = $0 { true } else { false } })
        let statuses = machine.statuses { $0.milliseconds }
        #expect(statuses.map(\.pid) == [7, 8])
        #expect(statuses[0].restarts == 2)
    }

    @Test("the same seed gives the same jitter, another seed another")
    func seeds() {
        func waits(_ seed: UInt64) -> [Int64] {
            var random = Randomness(seed: seed)
            let backoff = Backoff(RestartPolicy())
            return (1..<8).map { backoff.delay(attempt: $0, using: &random).milliseconds }
        }
        #expect(waits(1) == waits(1))
        #expect(waits(1) != waits(2))
    }

    @Test("a stack that cannot be run is refused with every reason")
    func problems() {
        var bad = spec("api", requires: ["web"], stop: [StopStep(signal: "TRM")])
        bad.command = ["api"]
        let stack = MachineFixture.stack([bad, spec("web", after: ["api"]), spec("x", requires: ["nobody"])])
        #expect(
            stack.problems == [
                "api: the command is no absolute path", "api: 'TRM' in its stop steps is no signal",
                "x: depends on nobody, which is not in the stack",
                "the dependencies run in a circle: api → web → api",
            ])
    }
}
