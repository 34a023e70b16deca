import Control
import CoreTypes
import Supervision
import Testing

@Suite("What a process says of itself")
struct NoticeTests {
    private static func notify(_ timeout: TimeSpan = .seconds(2), failures: Int = 3) -> ProbeSpec {
        ProbeSpec(check: .notify, timeout: timeout, failureThreshold: failures)
    }

    private func running(_ probes: ProbeSet) -> MachineFixture {
        var fixture = MachineFixture([spec("api", probes: probes)])
        fixture.spawnAll()
        return fixture
    }

    @Test("an instance with a notify probe is up after READY=1 and not before, and no question is asked")
    func ready() {
        var fixture = running(ProbeSet(readiness: Self.notify()))
        fixture.pass(.seconds(1))
        #expect(fixture.state("api") == .starting)
        fixture.say("api", Notice(isReady: true))
        #expect(fixture.state("api") == .up)
        #expect(fixture.status("api").healthy)
        #expect(fixture.machine.nextWake == nil)
        let asked = fixture.actions.contains { if case .startProbe = $0 { true } else { false } }
        #expect(!asked)
    }

    @Test("a timeout without READY=1 is one failure; the last of them makes a starting instance unhealthy")
    func late() {
        var fixture = running(ProbeSet(readiness: Self.notify()))
        fixture.pass(.milliseconds(5999))
        #expect(fixture.state("api") == .starting)
        #expect(fixture.status("api").reason == "did not say READY=1 within 2s")
        fixture.pass(.milliseconds(1))
        #expect(fixture.state("api") == .up)
        #expect(!fixture.status("api").healthy)
        fixture.say("api", Notice(isReady: true))
        #expect(fixture.status("api").healthy)
    }

    @Test("silences within the start period do not count")
    func startPeriod() {
        var startup = Self.notify(.seconds(1), failures: 1)
        startup.startPeriod = .seconds(10)
        var fixture = running(ProbeSet(startup: startup))
        fixture.pass(.milliseconds(9999))
        #expect(fixture.state("api") == .starting)
        fixture.pass(.seconds(1))
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.status("api").reason == "startup probe: did not say READY=1 within 1s")
    }

    @Test("one READY=1 is enough for startup and readiness")
    func once() {
        var fixture = running(ProbeSet(startup: Self.notify(), readiness: Self.notify()))
        fixture.say("api", Notice(isReady: true))
        #expect(fixture.state("api") == .up)
    }

    @Test("each timeout without WATCHDOG=1 is one failure, WATCHDOG=1 forgives them, and the last one ends the run")
    func watchdog() {
        var fixture = running(ProbeSet(liveness: Self.notify()))
        for _ in 0..<10 {
            fixture.pass(.seconds(5))
            fixture.say("api", Notice(isAlive: true))
        }
        #expect(fixture.state("api") == .up)
        fixture.pass(.milliseconds(5999))
        #expect(fixture.state("api") == .up)
        fixture.pass(.seconds(1))
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.status("api").reason == "liveness probe: did not say WATCHDOG=1 within 2s")
    }

    @Test("a process that never stops talking moves no deadline")
    func talkative() {
        var fixture = running(ProbeSet(liveness: Self.notify(.seconds(60))))
        let wake = fixture.machine.nextWake
        for _ in 0..<1000 {
            fixture.now = fixture.now + .milliseconds(10)
            fixture.say("api", Notice(isAlive: true))
            #expect(fixture.machine.nextWake == wake)
        }
        fixture.pass(.milliseconds(50_000))
        // Woken once, it looks when the process spoke last.
        #expect(fixture.machine.nextWake == fixture.now + .seconds(10))
        #expect(fixture.status("api").reason == nil)
    }

    @Test("STOPPING=1 makes a ready instance unhealthy at once, and does not end it")
    func stopping() {
        var fixture = running(ProbeSet(readiness: Self.notify()))
        fixture.say("api", Notice(isReady: true))
        fixture.say("api", Notice(isStopping: true))
        #expect(!fixture.status("api").healthy)
        #expect(fixture.status("api").reason == "says that it is stopping")
        #expect(fixture.signals.isEmpty)
    }

    @Test("what it says is in the status until it says something else or the run is over")
    func status() {
        var fixture = running(ProbeSet(readiness: Self.notify()))
        #expect(fixture.status("api").says == nil)
        fixture.say("api", Notice(status: "loading 3 of 7"))
        #expect(fixture.status("api").says == "loading 3 of 7")
        fixture.say("api", Notice(isReady: true))
        #expect(fixture.status("api").says == "loading 3 of 7")
        fixture.say("api", Notice(status: ""))
        #expect(fixture.status("api").says == nil)
        fixture.say("api", Notice(status: "last words"))
        fixture.end("api", .exited(1))
        #expect(fixture.status("api").says == nil)
    }

    @Test("an instance without a notify probe is not listened to, nor a run that is over")
    func unasked() {
        var fixture = running(ProbeSet(readiness: tcp))
        fixture.say("api", Notice(isReady: true, status: "hello"))
        #expect(fixture.state("api") == .starting)
        #expect(fixture.status("api").says == nil)
        var other = running(ProbeSet(readiness: Self.notify()))
        other.tell(.notified(instance("api"), RunID(number: 77), Notice(isReady: true)))
        #expect(other.state("api") == .starting)
    }

    @Test(
        "the next supervisor knows what was said once",
        arguments: [(true, false), (false, true)])
    func remembered(wasHealthy: Bool, wasReady: Bool) {
        let probes = ProbeSet(startup: Self.notify(), readiness: Self.notify(), liveness: Self.notify())
        var fixture = MachineFixture(
            [spec("api", probes: probes)],
            remembering: [
                "api": .init(wanted: true, wasHealthy: wasHealthy, wasReady: wasReady, pid: 7)
            ])
        #expect(fixture.status("api").healthy)
        // It has a whole timeout for its first sign of life.
        fixture.pass(.milliseconds(1999))
        #expect(fixture.status("api").healthy)
        fixture.say("api", Notice(isAlive: true))
        fixture.pass(.seconds(5))
        #expect(fixture.status("api").healthy)
    }

    @Test("READY=1 is to be written down at once")
    func persisted() {
        var fixture = running(ProbeSet(readiness: Self.notify()))
        fixture.clear()
        fixture.say("api", Notice(isAlive: true))
        #expect(!fixture.persists)
        fixture.say("api", Notice(isReady: true))
        #expect(fixture.persists)
        #expect(fixture.machine.instances[instance("api")]?.state.hasSaidReady == true)
    }

    @Test(
        "a datagram is read line by line; what is not for us is passed over",
        arguments: [
            ("READY=1", Notice(isReady: true)), ("READY=1\nSTATUS=up\n", Notice(isReady: true, status: "up")),
            ("WATCHDOG=1\n", Notice(isAlive: true)), ("STOPPING=1", Notice(isStopping: true)),
            ("STATUS=", Notice(status: "")), ("FDSTORE=1\nSTATUS=a=b", Notice(status: "a=b")),
            ("STATUS=\u{1B}[31mred\u{7}", Notice(status: " [31mred ")), ("MAINPID=1\nREADY=0\nready=1", nil),
            ("", nil), ("\n\n=\n", nil), ("READY=1\0", nil),
        ] as [(String, Notice?)])
    func parsing(text: String, notice: Notice?) {
        #expect(Notice(parsing: text.utf8) == notice)
    }

    @Test("a status is cut after 256 characters, and bytes that are no text harm nobody")
    func odd() {
        let long = Notice(parsing: ("STATUS=" + String(repeating: "ü", count: 1000)).utf8)
        #expect(long?.status?.count == 256)
        #expect(Notice(parsing: Array("STATUS=".utf8) + [0xFF, 0xFE])?.status == "\u{FFFD}\u{FFFD}")
    }

    @Test("what a notify probe puts into the environment needs a new run, other probes do not")
    func difference() {
        func runsLike(_ old: ProbeSet, _ new: ProbeSet) -> Bool {
            spec("api", probes: old).runsLike(spec("api", probes: new))
        }
        #expect(!runsLike(ProbeSet(), ProbeSet(readiness: Self.notify())))
        #expect(!runsLike(ProbeSet(liveness: Self.notify()), ProbeSet(liveness: Self.notify(.seconds(3)))))
        #expect(runsLike(ProbeSet(readiness: Self.notify()), ProbeSet(startup: Self.notify(.seconds(9)))))
        #expect(runsLike(ProbeSet(readiness: tcp), ProbeSet(liveness: tcp)))
    }
}
