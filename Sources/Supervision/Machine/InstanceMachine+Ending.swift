import Control
import CoreTypes

/// What follows the end of a run: another one, or none.
extension InstanceMachine {
    mutating func finish(
        _ id: RunID, began: Moment, cause: InstanceState.StopCause, at now: Moment, random: inout Randomness,
        _ actions: inout [MachineAction]
    ) {
        actions.append(.sweep(name, id))
        actions.append(.persist(durable: false))
        if now - began >= spec.restart.resetAfter { attempt = 0 }
        guard shouldRun else { return enter(.down, because: nil, at: now, &actions) }
        switch cause {
        case .asked, .changed, .dependency: enter(.waiting, because: nil, at: now, &actions)
        case .hopeless(let why) where isScheduled: enter(.scheduled, because: why, at: now, &actions)
        case .hopeless(let why): retry(because: why, at: now, random: &random, &actions)
        case .ended: ended(lastEnd ?? .unseen, at: now, random: &random, &actions)
        }
    }

    private mutating func ended(
        _ end: End, at now: Moment, random: inout Randomness, _ actions: inout [MachineAction]
    ) {
        if isScheduled { return enter(.scheduled, because: end.isSuccess ? nil : "\(end)", at: now, &actions) }
        let comesBack: Bool
        switch (spec.kind, spec.restart.mode) {
        case (.oneshot, .always), (.oneshot, .onFailure), (.service, .onFailure): comesBack = !end.isSuccess
        case (.service, .always): comesBack = true
        case (.oneshot, .never), (.service, .never): comesBack = false
        }
        if comesBack {
            retry(because: "\(end)", at: now, random: &random, &actions)
        } else if end.isSuccess {
            actions.append(.persist(durable: true))
            enter(.completed, because: nil, at: now, &actions)
        } else {
            fail(because: "\(end), and its restart mode is \(spec.restart.mode.rawValue)", at: now, &actions)
        }
    }

    mutating func retry(
        because reason: String, at now: Moment, random: inout Randomness, _ actions: inout [MachineAction]
    ) {
        if let limit = spec.restart.limit {
            starts.removeAll { now - $0 > limit.window }
            guard starts.count < limit.count else {
                let limitReached = "\(starts.count) starts within \(limit.window)"
                return fail(because: "\(reason); gave up after \(limitReached)", at: now, &actions)
            }
        }
        let delay = Backoff(spec.restart).delay(attempt: attempt, using: &random)
        attempt += 1
        restarts += 1
        enter(.backingOff(until: now + delay), because: reason, at: now, &actions)
        if delay == .zero { enter(.waiting, because: reason, at: now, &actions) }
    }

    /// A later supervisor must not start it again, so that is on disk.
    private mutating func fail(because reason: String, at now: Moment, _ actions: inout [MachineAction]) {
        actions.append(.persist(durable: true))
        enter(.failed, because: reason, at: now, &actions)
    }
}

extension InstanceState.StopCause {
    var reason: String? {
        switch self {
        case .asked: return nil
        case .changed: return "its definition changed"
        case .dependency(let name): return "\(name), which it requires, went away"
        case .hopeless(let why): return why
        case .ended: return nil
        }
    }
}
