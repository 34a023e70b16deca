import Control
import CoreTypes
import Testing

@testable import Supervision

@Suite("Probe latency")
struct ProbeMeterTests {
    private let probe = ProbeID(run: RunID(number: 1), kind: .readiness, number: 1)

    private var api: InstanceSpec {
        var api = spec("api")
        api.probes.readiness = ProbeSpec(check: .tcp(port: 1), timeout: .seconds(2))
        return api
    }

    @Test("answers and timeouts are counted with the time they took; what was given up early is not")
    func tallies() {
        var meter = ProbeMeter()
        meter.asked(probe, of: api, at: 0)
        meter.answered(probe, .success, at: 250_000)
        meter.asked(probe, of: api, at: 0)
        meter.answered(probe, .failure("no"), at: 750_000)
        meter.asked(probe, of: api, at: 0)
        meter.cancelled(probe, at: 1_999_000)
        meter.asked(probe, of: api, at: 0)
        meter.cancelled(probe, at: 2_000_000)
        meter.answered(probe, .success, at: 3_000_000)
        let expected = ProbeMeter.Tally(count: 3, failures: 2, seconds: 3, last: 2)
        #expect(meter.tallies == [instance("api"): [.readiness: expected]])
        meter.forget(instance("api"))
        #expect(meter.tallies.isEmpty)
    }
}
