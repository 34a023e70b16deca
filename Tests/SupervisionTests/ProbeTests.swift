import Control
import CoreTypes
import Supervision
import Testing

@Suite("Probes")
struct ProbeTests {
    @Test("a readiness probe decides when an instance is up")
    func readiness() {
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: tcp))])
        fixture.spawnAll()
        #expect(fixture.state("api") == .starting)
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .failure("connection refused"))
        #expect(fixture.status("api").reason == "connection refused")
        fixture.pass(.milliseconds(100))
        fixture.answer("api", .readiness, .success)
        #expect(fixture.state("api") == .up)
        #expect(fixture.status("api").healthy)
        #expect(fixture.status("api").reason == nil)
    }

    @Test("only the threshold's last failure in a row makes an instance unhealthy, and a success heals it")
    func thresholds() {
        var probe = tcp
        probe.failureThreshold = 3
        probe.successThreshold = 2
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: probe))])
        fixture.spawnAll()
        var seen: [Bool] = []
        for outcome: ProbeOutcome in [
            .success, .success, .failure("x"), .failure("x"), .success, .failure("x"), .failure("x"), .failure("x"),
            .success,
            .success,
        ] {
            fixture.pass(.seconds(5))
            fixture.answer("api", .readiness, outcome)
            seen.append(fixture.status("api").healthy)
        }
        #expect(seen == [false, true, true, true, true, true, true, false, false, true])
        #expect(fixture.state("api") == .up)
        #expect(fixture.signals.isEmpty)
    }

    @Test("a probe that does not answer within its timeout has failed, and is cancelled")
    func timeout() {
        var probe = tcp
        probe.failureThreshold = 1
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: probe))])
        fixture.spawnAll()
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .success)
        fixture.pass(.seconds(5))
        fixture.clear()
        fixture.pass(.seconds(2))
        #expect(!fixture.status("api").healthy)
        #expect(fixture.status("api").reason == "no answer within 2s")
        let cancelled = fixture.actions.contains { if case .cancelProbe = $0 { true } else { false } }
        #expect(cancelled)
    }

    @Test("an answer that comes after the timeout is ignored")
    func lateAnswer() {
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: tcp))])
        fixture.spawnAll()
        fixture.pass(.milliseconds(50))
        let late = fixture.actions
        fixture.pass(.seconds(3))
        for case .startProbe(let name, let probe, _) in late { fixture.tell(.probeAnswered(name, probe, .success)) }
        #expect(fixture.state("api") == .starting)
    }

    @Test("a failed liveness probe ends the run and backs off")
    func liveness() {
        var probe = tcp
        probe.failureThreshold = 2
        var fixture = MachineFixture([spec("api", probes: ProbeSet(liveness: probe))])
        fixture.spawnAll()
        #expect(fixture.state("api") == .up)
        for _ in 0..<2 {
            fixture.pass(.seconds(5))
            fixture.answer("api", .liveness, .failure("hangs"))
        }
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.signals == ["api TERM"])
        fixture.end("api", .killed(.terminate))
        #expect(fixture.state("api") == .backingOff)
        #expect(fixture.status("api").reason == "liveness probe: hangs")
    }

    @Test("the other probes wait for the startup probe, which ends the run when it gives up")
    func startup() {
        var startup = tcp
        startup.startPeriod = .seconds(20)
        startup.failureThreshold = 2
        let probes = ProbeSet(startup: startup, readiness: tcp)
        var fixture = MachineFixture([spec("api", probes: probes)])
        fixture.spawnAll()
        while fixture.state("api") == .starting, fixture.now < Moment(milliseconds: 1_100_000) {
            fixture.pass(.milliseconds(50))
            fixture.answer("api", .startup, .failure("not yet"))
        }
        #expect(fixture.state("api") == .stopping)
        #expect(fixture.now - Moment(milliseconds: 1_000_000) > .seconds(20))
        fixture.end("api", .exited(0))
        fixture.pass(.seconds(1))
        fixture.spawnAll()
        fixture.clear()
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .success)
        #expect(fixture.state("api") == .starting)
        fixture.answer("api", .startup, .success)
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .success)
        #expect(fixture.state("api") == .up)
    }

    @Test("new probes keep the verdict of the old until they have their own")
    func replacedProbes() {
        var fixture = MachineFixture([spec("api", probes: ProbeSet(readiness: tcp))])
        fixture.spawnAll()
        fixture.pass(.milliseconds(50))
        fixture.answer("api", .readiness, .success)
        var slower = tcp
        slower.interval = .seconds(60)
        fixture.ask(.apply(MachineFixture.stack([spec("api", probes: ProbeSet(readiness: slower))])))
        #expect(fixture.status("api").healthy)
        #expect(fixture.signals.isEmpty)
    }
}
