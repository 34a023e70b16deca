import Control
import CoreTypes
import Supervision
import Testing

@Suite("The life of an instance")
struct LifecycleTests {
    @Test("a process without probes is healthy as soon as it runs")
    func plainStart() {
        var fixture = MachineFixture([spec("api")])
        #expect(fixture.state("api") == .starting)
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        #expect(fixture.status("api").healthy)
        #expect(fixture.status("api").pid == 101)
    }

    @Test("a process that ends is started again after its backoff, and not before")
    func restart() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        fixture.end("api", .exited(1))
        #expect(fixture.state("api") == .backingOff)
        #expect(fixture.status("api").lastEnd == "exited 1")
        fixture.pass(.milliseconds(99))
        #expect(fixture.state("api") == .backingOff)
        fixture.pass(.milliseconds(1))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        #expect(fixture.status("api").restarts == 1)
    }

    @Test("the backoff doubles up to its cap, and starts anew after a stable run")
    func backoffGrows() {
        let policy = RestartPolicy(initial: .milliseconds(100), maximum: .seconds(1), resetAfter: .seconds(60))
        var fixture = MachineFixture([spec("api", restart: policy)])
        var waits: [Int64] = []
        for _ in 0..<7 {
            fixture.spawnAll()
            fixture.end("api", .exited(1))
            let before = fixture.now
            while fixture.state("api") == .backingOff { fixture.pass(.milliseconds(1)) }
            waits.append((fixture.now - before).milliseconds)
        }
        for (wait, full) in zip(waits, [100, 200, 400, 800, 1000, 1000, 1000] as [Int64]) {
            #expect((full * 4 / 5...full).contains(wait))
        }
        fixture.spawnAll()
        fixture.pass(.seconds(60))
        fixture.end("api", .exited(1))
        fixture.pass(.milliseconds(100))
        #expect(fixture.state("api") == .starting)
    }

    @Test("an immediate first restart does not make a crash loop a busy loop")
    func immediateRestart() {
        let policy = RestartPolicy(initial: .zero, maximum: .seconds(30))
        var fixture = MachineFixture([spec("api", restart: policy)])
        fixture.spawnAll()
        fixture.end("api", .killed(.kill))
        #expect(fixture.state("api") == .starting)
        fixture.spawnAll()
        fixture.end("api", .killed(.kill))
        #expect(fixture.state("api") == .backingOff)
        fixture.pass(.milliseconds(150))
        #expect(fixture.state("api") == .backingOff)
    }

    @Test("a spawn that fails is tried again like an end, and has a timer")
    func spawnFails() {
        var fixture = MachineFixture([spec("api", restart: RestartPolicy(mode: .never))])
        fixture.failSpawns("executing '/bin/api': No such file or directory")
        #expect(fixture.state("api") == .backingOff)
        #expect(fixture.status("api").reason == "executing '/bin/api': No such file or directory")
        #expect(fixture.machine.nextWake != nil)
        fixture.pass(.milliseconds(100))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
    }

    @Test("too many starts within the window end in failed, and an operator's start forgets them")
    func startLimit() {
        let policy = RestartPolicy(initial: .milliseconds(10), limit: .init(count: 3, window: .seconds(60)))
        var fixture = MachineFixture([spec("api", restart: policy)])
        for _ in 0..<3 {
            fixture.spawnAll()
            fixture.end("api", .exited(7))
            fixture.pass(.seconds(1))
        }
        #expect(fixture.state("api") == .failed)
        #expect(fixture.status("api").reason == "exited 7; gave up after 3 starts within 1m")
        fixture.pass(.seconds(3600))
        #expect(fixture.state("api") == .failed)
        fixture.ask(.start([instance("api")]))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        #expect(fixture.status("api").restarts == 0)
    }

    @Test(
        "the restart mode says what follows an end",
        arguments: [
            (RestartPolicy.Mode.always, End.exited(0), InstanceStatus.State.backingOff),
            (.always, .exited(1), .backingOff), (.onFailure, .exited(0), .completed),
            (.onFailure, .killed(.terminate), .backingOff), (.onFailure, .unseen, .backingOff),
            (.never, .exited(0), .completed), (.never, .exited(1), .failed),
        ])
    func modes(mode: RestartPolicy.Mode, end: End, expected: InstanceStatus.State) {
        var fixture = MachineFixture([spec("api", restart: RestartPolicy(mode: mode))])
        fixture.spawnAll()
        fixture.end("api", end)
        #expect(fixture.state("api") == expected)
    }

    @Test("a one-shot is healthy once it ended with 0, and is tried again when it fails")
    func oneshot() {
        var fixture = MachineFixture([spec("migrate", kind: .oneshot), spec("api", requires: ["migrate"])])
        fixture.spawnAll()
        #expect(!fixture.status("migrate").healthy)
        #expect(fixture.state("api") == .waiting)
        fixture.end("migrate", .exited(1))
        #expect(fixture.state("migrate") == .backingOff)
        fixture.pass(.milliseconds(100))
        fixture.spawnAll()
        fixture.end("migrate", .exited(0))
        #expect(fixture.state("migrate") == .completed)
        #expect(fixture.status("migrate").healthy)
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
    }

    @Test("stopping goes through its steps: TERM, the wait, KILL, and KILL again while the kernel holds it")
    func stopSteps() {
        var fixture = MachineFixture([
            spec("api", stop: [StopStep(signal: "TERM", wait: .seconds(2)), StopStep(signal: "KILL")])
        ])
        fixture.spawnAll()
        fixture.ask(.stop([instance("api")]))
        #expect(fixture.signals == ["api TERM"])
        fixture.pass(.milliseconds(1999))
        #expect(fixture.signals == ["api TERM"])
        fixture.pass(.milliseconds(1))
        #expect(fixture.signals == ["api TERM", "api KILL"])
        fixture.pass(.seconds(5))
        #expect(fixture.signals == ["api TERM", "api KILL", "api KILL"])
        fixture.end("api", .killed(.kill))
        #expect(fixture.state("api") == .down)
        #expect(fixture.machine.nextWake == nil)
    }

    private func warm() -> MachineFixture {
        var fixture = MachineFixture([
            spec(
                "api",
                stop: [
                    StopStep(signal: "TERM", wait: .seconds(900), mainOnly: true),
                    StopStep(signal: "QUIT", wait: .seconds(10)), StopStep(signal: "KILL"),
                ])
        ])
        fixture.spawnAll()
        return fixture
    }

    @Test("a step for the main process alone leaves its children to it, and the next one is for all")
    func mainOnly() {
        var fixture = warm()
        fixture.ask(.stop([instance("api")]))
        #expect(fixture.signals == ["api TERM main"])
        fixture.pass(.seconds(900))
        #expect(fixture.signals == ["api TERM main", "api QUIT"])
    }

    @Test("children that a main process leaves after a step for it alone are told at once, not when its time is over")
    func mainOnlyLeaves() {
        var fixture = warm()
        fixture.ask(.stop([instance("api")]))
        fixture.end("api", .exited(0), groupRemains: true)
        #expect(fixture.signals == ["api TERM main", "api QUIT"])
        var second = warm()
        second.end("api", .killed(.kill), groupRemains: true)
        #expect(second.signals == ["api TERM"], "there is no main process any more")
    }

    @Test("steps without KILL end with KILL all the same")
    func stopPlanEndsWithKill() {
        let plan = StopPlan([StopStep(signal: "QUIT", wait: .seconds(1)), StopStep(signal: "TERM", wait: .seconds(2))])
        #expect(plan.steps.map(\.signal.description) == ["QUIT", "TERM", "KILL"])
        #expect(StopPlan([]).steps.map(\.signal.description) == ["KILL"])
    }

    @Test("what a dead main process leaves in its group is ended before the restart")
    func groupRemains() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        fixture.end("api", .killed(.kill), groupRemains: true)
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.signals == ["api TERM"])
        fixture.pass(.seconds(10))
        #expect(fixture.signals == ["api TERM", "api KILL"])
        fixture.groupGone("api")
        #expect(fixture.state("api") == .backingOff)
    }

    @Test("a stop while it is being spawned takes effect as soon as it runs")
    func stopWhileSpawning() {
        var fixture = MachineFixture([spec("api")])
        fixture.ask(.stop([instance("api")]))
        fixture.spawnAll()
        #expect(fixture.signals == ["api TERM"])
        fixture.end("api", .killed(.terminate))
        #expect(fixture.state("api") == .down)
    }

    @Test("a stop while it is being spawned takes effect also when a probe has yet to call it healthy")
    func stopWhileSpawningProbed() {
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: tcp))])
        fixture.ask(.stop([instance("api")]))
        fixture.spawnAll()
        #expect(fixture.signals == ["api TERM"])
    }

    @Test("a stop during the backoff ends the backoff")
    func stopWhileBackingOff() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        fixture.end("api", .exited(1))
        fixture.ask(.stop([instance("api")]))
        #expect(fixture.state("api") == .down)
        #expect(fixture.machine.nextWake == nil)
    }

    @Test("a restart comes back without a wait, and a start during a stop is remembered")
    func restartAsked() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        fixture.ask(.restart([instance("api")]))
        fixture.end("api", .killed(.terminate))
        #expect(fixture.state("api") == .starting)
        fixture.spawnAll()
        fixture.ask(.stop([instance("api")]))
        fixture.ask(.start([instance("api")]))
        fixture.end("api", .killed(.terminate))
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
    }

    @Test("late news about a run that is over changes nothing")
    func lateNews() {
        var fixture = MachineFixture([spec("api")])
        fixture.spawnAll()
        let old = fixture.machine.instances[instance("api")]!.state.run!
        fixture.end("api", .exited(1))
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        fixture.tell(.ended(instance("api"), old, .exited(1), groupRemains: false))
        fixture.tell(.groupGone(instance("api"), old))
        fixture.tell(.spawnFailed(instance("api"), old, reason: "late"))
        #expect(fixture.state("api") == .up)
    }

    @Test("what is not wanted is not started")
    func autostart() {
        let fixture = MachineFixture([spec("api", autostart: false)])
        #expect(fixture.state("api") == .down)
        #expect(fixture.spawned.isEmpty)
    }
}
