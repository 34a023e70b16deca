import Control
import CoreTypes

/// Asks one question again and again, and turns the answers into a verdict.
///
/// Until the first success it is *eager*: it starts asking after 50 ms and doubles that up to the interval, so that
/// a quick service is found healthy quickly. Eager failures never count.
package struct ProbeMachine: Equatable, Sendable {
    static let eagerStart = TimeSpan.milliseconds(50)

    package enum Phase: Equatable, Sendable {
        case idle(until: Moment)
        case asking(number: Int, since: Moment, deadline: Moment)
        /// A notify probe asks nothing: silence until then is a failure. `nil`: no more is expected.
        case listening(until: Moment?)
    }

    package enum Verdict: Equatable, Sendable {
        case undecided
        case good
        case bad(String)
    }

    let spec: ProbeSpec
    let began: Moment
    var phase: Phase
    var verdict = Verdict.undecided
    private var wait: TimeSpan
    private(set) var asked: Int
    private var successes = 0
    var failures = 0
    /// The last failure, whether or not it counted.
    var complaint: String?
    /// When a notify probe last heard what it listens for.
    var heard: Moment

    init(_ spec: ProbeSpec, began: Moment, eager: Bool, after asked: Int = 0) {
        self.asked = asked
        self.spec = spec
        self.began = began
        wait = eager ? min(Self.eagerStart, spec.interval) : spec.interval
        heard = began
        phase = spec.check == .notify ? .listening(until: began + spec.patience) : .idle(until: began + wait)
    }

    var deadline: Moment? {
        switch phase {
        case .idle(let until): return until
        case .asking(_, _, let deadline): return deadline
        case .listening(let until): return until
        }
    }

    var pending: Int? {
        guard case .asking(let number, _, _) = phase else { return nil }
        return number
    }

    enum Waking: Equatable {
        case nothing
        case ask(number: Int)
        case cancel(number: Int)
    }

    /// `word`: what a notify probe waits for.
    mutating func wake(at now: Moment, awaiting word: StaticString) -> Waking {
        switch phase {
        case .idle(let until):
            guard until <= now else { return .nothing }
            asked += 1
            phase = .asking(number: asked, since: now, deadline: now + spec.patience)
            return .ask(number: asked)
        case .asking(let number, let since, let deadline):
            guard deadline <= now else { return .nothing }
            settle(.failure("no answer within \(spec.timeout)"), since: since, at: now)
            return .cancel(number: number)
        case .listening(let until):
            guard let until, until <= now else { return .nothing }
            heardNothing(of: word, at: now)
            return .nothing
        }
    }

    /// Whether the answer was to the question that is open.
    mutating func answer(_ number: Int, _ outcome: ProbeOutcome, at now: Moment) -> Bool {
        guard case .asking(number, let since, _) = phase else { return false }
        settle(outcome, since: since, at: now)
        return true
    }

    private mutating func settle(_ outcome: ProbeOutcome, since: Moment, at now: Moment) {
        let isEager = wait < spec.interval
        switch outcome {
        case .success:
            complaint = nil
            successes += 1
            failures = 0
            wait = spec.interval
            if successes >= spec.successThreshold { verdict = .good }
        case .failure(let reason):
            complaint = reason
            successes = 0
            if isEager {
                wait = min(TimeSpan(milliseconds: wait.milliseconds * 2), spec.interval)
            } else if now - began >= spec.startPeriod {
                failures += 1
            }
            if failures >= max(spec.failureThreshold, 1) { verdict = .bad(reason) }
        }
        phase = .idle(until: max(since + wait, now + .milliseconds(1)))
    }
}

extension ProbeSpec {
    /// The timeout; at least so long that time passes.
    var patience: TimeSpan { max(timeout, .milliseconds(1)) }
}
