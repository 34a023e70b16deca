import Control
import CoreTypes

/// A notify probe asks nothing: it listens to what the process says, and silence counts as failure.
extension ProbeMachine {
    /// The process said what this probe waits for. `expectsMore`: it must go on saying it.
    ///
    /// The deadline stays as it is: however often a process speaks, the machine is woken once a timeout.
    mutating func heardWell(at now: Moment, expectsMore: Bool) {
        heard = now
        failures = 0
        complaint = nil
        if expectsMore { return }
        verdict = .good
        phase = .listening(until: nil)
    }

    /// The process said that it will not be what this probe waits for.
    mutating func heardIll(_ reason: String) {
        verdict = .bad(reason)
        complaint = reason
        phase = .listening(until: nil)
    }

    mutating func heardNothing(of word: StaticString, at now: Moment) {
        // It spoke since the deadline was set.
        let due = heard + spec.patience
        if due > now {
            phase = .listening(until: due)
            return
        }
        let reason = "did not say \(word) within \(spec.timeout)"
        complaint = reason
        if now - began >= spec.startPeriod { failures += 1 }
        heard = now
        phase = .listening(until: now + spec.patience)
        guard failures >= max(spec.failureThreshold, 1) else { return }
        // It may still come to speak; more silence tells nothing new.
        heardIll(reason)
    }
}
