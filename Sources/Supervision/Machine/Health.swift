import Control
import CoreTypes

/// What the three probes say of one run.
package struct Health: Equatable, Sendable {
    private(set) var probes: [ProbeKind: ProbeMachine] = [:]
    private let spec: ProbeSet
    /// The number of the last question, so that answers to an earlier set of probes are recognised as such.
    private let asked: Int
    /// What the probes said before their spec was replaced.
    private var inherited = false
    /// The process said `READY=1`, which it says once, and has not said `STOPPING=1` since.
    private(set) var hasSaidReady: Bool

    /// `wasHealthy`: it is, until its probes say otherwise, and it has long started. `wasReady`: it said so.
    init(_ spec: ProbeSet, began: Moment, after asked: Int = 0, wasHealthy: Bool = false, wasReady: Bool = false) {
        self.spec = spec
        self.asked = asked
        inherited = wasHealthy
        // What was healthy before us was ready, though we did not hear it say so.
        hasSaidReady = wasReady || (wasHealthy && spec.hearsNotices)
        if let startup = spec.startup, !wasHealthy {
            probes[.startup] = ProbeMachine(startup, began: began, eager: true, after: asked)
            if hasSaidReady { settleReady(at: began) }
        } else {
            openRest(at: began)
        }
    }

    /// Readiness and liveness start once the startup probe has succeeded.
    private mutating func openRest(at now: Moment) {
        if let readiness = spec.readiness {
            probes[.readiness] = ProbeMachine(readiness, began: now, eager: true, after: asked)
        }
        if let liveness = spec.liveness {
            probes[.liveness] = ProbeMachine(liveness, began: now, eager: false, after: asked)
        }
        if hasSaidReady { settleReady(at: now) }
    }

    /// The probes that wait for `READY=1` have it.
    private mutating func settleReady(at now: Moment) {
        if probes[.readiness]?.spec.check == .notify { probes[.readiness]?.heardWell(at: now, expectsMore: false) }
        guard probes[.startup]?.spec.check == .notify else { return }
        probes[.startup] = nil
        openRest(at: now)
    }

    /// What the process says of itself.
    mutating func hear(_ notice: Notice, at now: Moment) {
        if notice.isAlive, probes[.liveness]?.spec.check == .notify {
            probes[.liveness]?.heardWell(at: now, expectsMore: true)
        }
        if notice.isReady {
            hasSaidReady = true
            settleReady(at: now)
        }
        if notice.isStopping {
            hasSaidReady = false
            if probes[.readiness]?.spec.check == .notify { probes[.readiness]?.heardIll("says that it is stopping") }
        }
    }

    package enum Verdict: Equatable, Sendable {
        case starting
        case healthy
        case unhealthy(String)
        /// Startup or liveness gave up: the run is to be ended and restarted.
        case hopeless(String)
    }

    package var verdict: Verdict {
        if let startup = probes[.startup] {
            guard case .bad(let reason) = startup.verdict else { return .starting }
            return .hopeless("startup probe: \(reason)")
        }
        if let liveness = probes[.liveness], case .bad(let reason) = liveness.verdict {
            return .hopeless("liveness probe: \(reason)")
        }
        guard let readiness = probes[.readiness] else { return .healthy }
        switch readiness.verdict {
        case .good: return .healthy
        case .bad(let reason): return .unhealthy(reason)
        case .undecided: return inherited ? .healthy : .starting
        }
    }

    /// One sentence on what the probes wait for.
    var complaint: String? {
        probes[.startup]?.complaint ?? probes[.readiness]?.complaint ?? probes[.liveness]?.complaint
    }

    var deadline: Moment? { probes.values.lazy.compactMap(\.deadline).min() }
    var pending: [(kind: ProbeKind, number: Int)] {
        ProbeKind.allCases.compactMap { kind in probes[kind]?.pending.map { (kind, $0) } }
    }

    mutating func wake(at now: Moment) -> [(kind: ProbeKind, waking: ProbeMachine.Waking)] {
        var woken: [(kind: ProbeKind, waking: ProbeMachine.Waking)] = []
        for kind in ProbeKind.allCases {
            let word: StaticString = kind == .liveness ? "WATCHDOG=1" : "READY=1"
            guard let waking = probes[kind]?.wake(at: now, awaiting: word), waking != .nothing else { continue }
            woken.append((kind, waking))
        }
        return woken
    }

    mutating func answer(_ kind: ProbeKind, _ number: Int, _ outcome: ProbeOutcome, at now: Moment) {
        guard probes[kind]?.answer(number, outcome, at: now) == true else { return }
        if kind == .startup, probes[.startup]?.verdict == .good {
            probes[.startup] = nil
            openRest(at: now)
        }
    }

    /// The same run under other probes: what was healthy stays healthy until the new ones say otherwise.
    func replacing(_ spec: ProbeSet, at now: Moment) -> Health {
        let wasStarted = probes[.startup] == nil
        let wasHealthy = verdict == .healthy
        let last = probes.values.map(\.asked).max() ?? asked
        let open = wasStarted ? ProbeSet(readiness: spec.readiness, liveness: spec.liveness) : spec
        var next = Health(open, began: now, after: last, wasReady: hasSaidReady)
        next.inherited = wasHealthy
        return next
    }
}
