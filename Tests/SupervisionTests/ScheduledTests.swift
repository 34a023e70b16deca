import Control
import CoreTypes
import Supervision
import Testing

@Suite("Scheduled processes")
struct ScheduledTests {
    /// `backup` runs at every full hour; it is midnight.
    private func hourly(_ more: [InstanceSpec] = [], autostart: Bool = true) -> MachineFixture {
        MachineFixture([spec("backup", autostart: autostart, schedule: "hourly")] + more)
    }

    private func next(_ fixture: MachineFixture) -> String? { fixture.status("backup").next.map { "\(CivilTime($0))" } }

    private func skips(_ fixture: MachineFixture) -> [String?] {
        fixture.transitions.filter { $0.kind == .runSkipped }.map(\.reason)
    }

    @Test("it runs when it is due and not before, again and again, and status tells the next time")
    func runs() {
        var fixture = hourly()
        #expect(fixture.state("backup") == .scheduled)
        #expect(next(fixture) == "2026-11-24T01:00:00Z")
        fixture.pass(.milliseconds(3_599_999))
        #expect(fixture.spawned.isEmpty)
        fixture.pass(.milliseconds(1))
        #expect(fixture.spawned == ["backup"])
        #expect(next(fixture) == "2026-11-24T02:00:00Z")
        fixture.spawnAll()
        fixture.pass(.seconds(60))
        fixture.end("backup", .exited(0))
        #expect(fixture.state("backup") == .scheduled)
        #expect(fixture.status("backup").healthy)
        fixture.pass(.seconds(3540))
        #expect(fixture.spawned == ["backup", "backup"])
    }

    @Test("a run that is due while the last one still runs is skipped and told")
    func skipped() {
        var fixture = hourly()
        fixture.pass(.seconds(3600))
        fixture.spawnAll()
        fixture.pass(.seconds(3600))
        #expect(fixture.spawned == ["backup"])
        #expect(skips(fixture) == ["it was due at 2026-11-24T02:00:00Z, and its last run is not over"])
        fixture.end("backup", .exited(0))
        #expect(fixture.state("backup") == .scheduled)
        fixture.pass(.seconds(3600))
        #expect(fixture.spawned == ["backup", "backup"])
    }

    @Test("a run that fails is told, makes it unhealthy, and is tried again at the next time only")
    func failedRun() {
        var fixture = hourly()
        fixture.pass(.seconds(3600))
        fixture.spawnAll()
        fixture.end("backup", .exited(3))
        #expect(fixture.state("backup") == .scheduled)
        #expect(fixture.status("backup").reason == "exited 3")
        #expect(!fixture.status("backup").healthy)
        fixture.pass(.seconds(3599))
        #expect(fixture.spawned == ["backup"])
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        #expect(fixture.status("backup").healthy)
        #expect(fixture.status("backup").reason == nil)
    }

    @Test("a scheduled run that cannot be spawned is tried again after a backoff")
    func failedSpawn() {
        var fixture = hourly()
        fixture.pass(.seconds(3600))
        fixture.failSpawns()
        #expect(fixture.state("backup") == .backingOff)
        fixture.pass(.milliseconds(100))
        fixture.spawnAll()
        #expect(fixture.state("backup") == .up)
    }

    @Test("gave it up, the next time is another chance")
    func afterFailure() {
        var one = spec("backup", schedule: "hourly")
        one.restart.limit = .init(count: 1, window: .seconds(60))
        var fixture = MachineFixture([one])
        fixture.pass(.seconds(3600))
        fixture.failSpawns()
        #expect(fixture.state("backup") == .failed)
        #expect(next(fixture) == "2026-11-24T02:00:00Z")
        fixture.pass(.seconds(3600))
        fixture.spawnAll()
        #expect(fixture.state("backup") == .up)
    }

    @Test("an operator's start runs it now, and a stop takes it off its schedule")
    func operators() {
        var fixture = hourly()
        fixture.ask(.start([instance("backup")]))
        #expect(fixture.spawned == ["backup"])
        fixture.spawnAll()
        fixture.ask(.start([instance("backup")]))
        #expect(fixture.spawned == ["backup"])
        fixture.end("backup", .exited(0))
        #expect(fixture.state("backup") == .scheduled)
        fixture.ask(.stop([instance("backup")]))
        #expect(fixture.state("backup") == .down)
        #expect(fixture.machine.nextWake == nil)
        #expect(next(fixture) == nil)
        fixture.pass(.seconds(7200))
        #expect(fixture.spawned == ["backup"])
    }

    @Test("a due run waits for what it requires, and what comes after it waits for its end")
    func dependencies() {
        var fixture = hourly([])
        fixture.ask(
            .apply(
                MachineFixture.stack([
                    spec("db", autostart: false), spec("backup", requires: ["db"], schedule: "hourly"),
                    spec("report", after: ["backup"], autostart: false),
                ])))
        fixture.pass(.seconds(3600))
        #expect(fixture.state("backup") == .waiting)
        fixture.ask(.start([instance("db")]))
        fixture.spawnAll()
        #expect(fixture.state("backup") == .up)
        fixture.ask(.start([instance("report")]))
        #expect(fixture.status("report").reason == "waits for backup to start first")
        fixture.end("backup", .exited(0))
        fixture.spawnAll()
        #expect(fixture.state("report") == .up)
    }

    @Test("a stack in which something requires a scheduled one is refused")
    func required() {
        let stack = MachineFixture.stack([spec("backup", schedule: "daily"), spec("api", requires: ["backup"])])
        #expect(stack.problems == ["api: requires backup, which only runs now and then"])
        var service = spec("backup", schedule: "daily")
        service.kind = .service
        #expect(MachineFixture.stack([service]).problems == ["backup: it has a schedule and is no one-shot"])
    }

    @Test("a run that was missed while no supervisor ran happens once, at once")
    func missed() {
        let memory = hourly().machine.instances[instance("backup")]!.memory
        var fixture = MachineFixture(
            [spec("backup", schedule: "hourly")], remembering: ["backup": memory], after: .seconds(5 * 3600 + 600))
        #expect(fixture.spawned == ["backup"])
        #expect(next(fixture) == "2026-11-24T06:00:00Z")
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        fixture.pass(.seconds(2999))
        #expect(fixture.spawned == ["backup"])
        fixture.pass(.seconds(1))
        #expect(fixture.spawned == ["backup", "backup"])
    }

    @Test("nothing is due on the first start, nor after a downtime in which nothing was")
    func notMissed() {
        let memory = hourly().machine.instances[instance("backup")]!.memory
        for memories in [[:], ["backup": memory]] {
            let fixture = MachineFixture(
                [spec("backup", schedule: "hourly")], remembering: memories, after: .seconds(3000))
            #expect(fixture.state("backup") == .scheduled)
            #expect(next(fixture) == "2026-11-24T01:00:00Z")
        }
    }

    @Test("a run that was owed when the supervisor died is made up for, one that still runs is adopted")
    func owed() {
        var fixture = MachineFixture([
            spec("db", autostart: false), spec("backup", requires: ["db"], schedule: "hourly"),
        ])
        fixture.pass(.seconds(3600))
        var memory = fixture.machine.instances[instance("backup")]!.memory
        #expect(memory.isOwed)
        let specs = [spec("backup", schedule: "hourly")]
        #expect(MachineFixture(specs, remembering: ["backup": memory], after: .seconds(3700)).spawned == ["backup"])
        memory.isOwed = false
        memory.pid = 7
        let next = MachineFixture(specs, remembering: ["backup": memory], after: .seconds(3700))
        #expect(next.status("backup").pid == 7)
        #expect(next.spawned.isEmpty)
        #expect(next.status("backup").next != nil)
    }

    @Test("a clock set forward makes up for one run; what it passed over does not come back")
    func clockForward() {
        var fixture = hourly()
        fixture.setClock(by: .seconds(10 * 3600 + 1800))
        #expect(fixture.spawned == ["backup"])
        #expect(next(fixture) == "2026-11-24T11:00:00Z")
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        fixture.pass(.seconds(1800))
        #expect(fixture.spawned == ["backup", "backup"])
    }

    @Test("a clock set back by up to three hours repeats no run; by more, the old time was wrong")
    func clockBack() {
        var fixture = hourly()
        fixture.pass(.seconds(3600))
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        fixture.setClock(by: .seconds(-600))
        #expect(next(fixture) == "2026-11-24T02:00:00Z")
        fixture.pass(.seconds(4199))
        #expect(fixture.spawned == ["backup"])
        fixture.pass(.seconds(1))
        #expect(fixture.spawned == ["backup", "backup"])
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        fixture.setClock(by: .seconds(-12 * 3600))
        #expect(next(fixture) == "2026-11-23T15:00:00Z")
    }

    @Test("another schedule counts from now on and stops no run; without one it is a one-shot again")
    func rescheduled() {
        var fixture = hourly()
        fixture.ask(.apply(MachineFixture.stack([spec("backup", schedule: "every 10m")])))
        #expect(next(fixture) == "2026-11-24T00:10:00Z")
        fixture.pass(.seconds(600))
        fixture.spawnAll()
        fixture.clear()
        fixture.ask(.apply(MachineFixture.stack([spec("backup", schedule: "daily")])))
        #expect(fixture.signals.isEmpty)
        #expect(next(fixture) == "2026-11-25T00:00:00Z")
        fixture.end("backup", .exited(0))
        #expect(fixture.state("backup") == .scheduled)
        fixture.ask(.apply(MachineFixture.stack([spec("backup", kind: .oneshot)])))
        fixture.spawnAll()
        fixture.end("backup", .exited(0))
        #expect(fixture.state("backup") == .completed)
        #expect(fixture.machine.nextWake == nil)
        fixture.ask(.apply(MachineFixture.stack([spec("backup", schedule: "daily")])))
        #expect(fixture.state("backup") == .scheduled)
    }

    @Test("what a shutdown keeps from running stays missed, so that the next supervisor makes up for it")
    func shutdownKeepsTiming() {
        var fixture = hourly()
        fixture.ask(.shutdown)
        #expect(fixture.machine.nextWake == nil)
        let memory = fixture.machine.instances[instance("backup")]!.memory
        let next = MachineFixture(
            [spec("backup", schedule: "hourly")], remembering: ["backup": memory], after: .seconds(3600))
        #expect(next.spawned == ["backup"])
    }

    @Test("a far deadline that is set again and again does not fill memory")
    func deadlines() {
        var fixture = MachineFixture([spec("backup", schedule: "yearly")])
        fixture.ask(.start([instance("backup")]))
        for _ in 0..<2000 {
            fixture.failSpawns()
            fixture.pass(.seconds(30))
            fixture.clear()
        }
        #expect(fixture.machine.pendingDeadlines < 200)
    }
}
