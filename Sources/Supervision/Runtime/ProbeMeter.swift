import CLinux
import Control
import CoreTypes

/// How long probes take, for the metrics; the machine judges them without it.
struct ProbeMeter {
    struct Tally: Equatable {
        var count: UInt64 = 0
        var failures: UInt64 = 0
        /// Of all answers, timeouts included.
        var seconds = 0.0
        var last = 0.0
    }

    private struct Question {
        let instance: InstanceName
        /// On the monotonic clock, in microseconds.
        let asked: Int64
        let timeout: TimeSpan
    }

    private var open: [ProbeID: Question] = [:]
    private(set) var tallies: [InstanceName: [ProbeKind: Tally]] = [:]

    mutating func asked(_ probe: ProbeID, of spec: InstanceSpec, at microseconds: Int64) {
        let timeout: TimeSpan?
        switch probe.kind {
        case .startup: timeout = spec.probes.startup?.timeout
        case .readiness: timeout = spec.probes.readiness?.timeout
        case .liveness: timeout = spec.probes.liveness?.timeout
        }
        open[probe] = Question(instance: spec.name, asked: microseconds, timeout: timeout ?? .zero)
    }

    mutating func answered(_ probe: ProbeID, _ outcome: ProbeOutcome, at microseconds: Int64) {
        guard let question = open.removeValue(forKey: probe) else { return }
        count(question, probe.kind, microseconds - question.asked, isFailure: outcome != .success)
    }

    /// A question that was given up before its time was up says nothing of the probe.
    mutating func cancelled(_ probe: ProbeID, at microseconds: Int64) {
        guard let question = open.removeValue(forKey: probe) else { return }
        let took = microseconds - question.asked
        if took / 1000 >= question.timeout.milliseconds { count(question, probe.kind, took, isFailure: true) }
    }

    mutating func forget(_ instance: InstanceName) {
        tallies[instance] = nil
        open = open.filter { $0.value.instance != instance }
    }

    private mutating func count(_ question: Question, _ kind: ProbeKind, _ microseconds: Int64, isFailure: Bool) {
        var tally = tallies[question.instance]?[kind] ?? Tally()
        tally.count += 1
        tally.failures += isFailure ? 1 : 0
        tally.last = Double(microseconds) / 1_000_000
        tally.seconds += tally.last
        tallies[question.instance, default: [:]][kind] = tally
    }
}
