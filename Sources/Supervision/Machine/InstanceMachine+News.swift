import Control
import CoreTypes

/// What the runtime reports of an instance.
extension InstanceMachine {
    mutating func spawned(_ id: RunID, pid: Int32, at now: Moment, _ actions: inout [MachineAction]) {
        guard case .spawning(id, let isOutdated) = state else { return }
        run(id, pid: pid, at: now, &actions)
        if isOutdated { stop(.changed, at: now, &actions) }
    }

    /// It already runs, started by an earlier supervisor.
    mutating func adopt(
        _ id: RunID, pid: Int32, wasHealthy: Bool, wasReady: Bool, at now: Moment, _ actions: inout [MachineAction]
    ) {
        run(id, pid: pid, wasHealthy: wasHealthy, wasReady: wasReady, at: now, &actions)
        actions.append(
            .publish(Transition(instance: name, kind: .adopted, state: state.word, pid: pid, reason: nil)))
    }

    private mutating func run(
        _ id: RunID, pid: Int32, wasHealthy: Bool = false, wasReady: Bool = false, at now: Moment,
        _ actions: inout [MachineAction]
    ) {
        // A one-shot is probed by its end alone.
        let probes = spec.kind == .service ? spec.probes : ProbeSet(liveness: spec.probes.liveness)
        let run = InstanceState.Run(
            id: id, pid: pid, began: now,
            health: Health(probes, began: now, wasHealthy: wasHealthy, wasReady: wasReady))
        enter(.running(run), because: nil, at: now, &actions)
        actions.append(.persist(durable: false))
    }

    mutating func spawnFailed(
        _ id: RunID, _ reason: String, at now: Moment, random: inout Randomness, _ actions: inout [MachineAction]
    ) {
        guard case .spawning(id, _) = state else { return }
        actions.append(
            .publish(Transition(instance: name, kind: .spawnFailed, state: .starting, pid: nil, reason: reason)))
        retry(because: reason, at: now, random: &random, &actions)
    }

    mutating func ended(
        _ id: RunID, _ end: End, groupRemains: Bool, at now: Moment, random: inout Randomness,
        _ actions: inout [MachineAction]
    ) {
        switch state {
        case .running(let run) where run.id == id:
            cancelProbes(of: run, &actions)
            lastEnd = end
            actions.append(
                .publish(Transition(instance: name, kind: .ended, state: state.word, pid: run.pid, reason: "\(end)")))
            guard groupRemains else {
                finish(run.id, began: run.began, cause: .ended, at: now, random: &random, &actions)
                return
            }
            var stopping = InstanceState.Stopping(
                id: id, pid: run.pid, began: run.began, cause: .ended, plan: StopPlan(spec.stop),
                phase: .awaitingDependents, end: end)
            enter(.stopping(stopping), because: "\(end); ending the rest of its group", at: now, &actions)
            step(0, &stopping, at: now, &actions)
        case .stopping(var stopping) where stopping.id == id:
            lastEnd = end
            stopping.end = end
            actions.append(
                .publish(
                    Transition(instance: name, kind: .ended, state: .stopping, pid: stopping.pid, reason: "\(end)")))
            if groupRemains {
                state = .stopping(stopping)
                switch stopping.phase {
                case .awaitingDependents: step(0, &stopping, at: now, &actions)
                case .step(let index, _):
                    // The others have been told nothing yet.
                    if stopping.plan.step(index).mainOnly { step(index + 1, &stopping, at: now, &actions) }
                }
            } else {
                finish(id, began: stopping.began, cause: stopping.cause, at: now, random: &random, &actions)
            }
        case .running, .stopping, .down, .waiting, .spawning, .backingOff, .failed, .completed, .scheduled:
            return  // late news about a run that is over
        }
    }

    mutating func groupGone(
        _ id: RunID, at now: Moment, random: inout Randomness, _ actions: inout [MachineAction]
    ) {
        guard case .stopping(let stopping) = state, stopping.id == id, stopping.end != nil else { return }
        finish(id, began: stopping.began, cause: stopping.cause, at: now, random: &random, &actions)
    }

    mutating func probeAnswered(
        _ probe: ProbeID, _ outcome: ProbeOutcome, at now: Moment, _ actions: inout [MachineAction]
    ) {
        guard case .running(var run) = state, run.id == probe.run else { return }
        let before = run.health.verdict
        run.health.answer(probe.kind, probe.number, outcome, at: now)
        judge(run, before: before, at: now, &actions)
    }

    mutating func notified(
        _ id: RunID, _ notice: Notice, at now: Moment, _ actions: inout [MachineAction]
    ) {
        guard case .running(var run) = state, run.id == id, spec.probes.hearsNotices else { return }
        let before = run.health.verdict
        run.health.hear(notice, at: now)
        if let status = notice.status { run.says = status.isEmpty ? nil : status }
        // It says this once; who comes after us must know.
        if notice.isReady || notice.isStopping { actions.append(.persist(durable: false)) }
        judge(run, before: before, at: now, &actions)
    }

    mutating func woke(at now: Moment, _ actions: inout [MachineAction]) {
        switch state {
        case .running(var run):
            let before = run.health.verdict
            for (kind, waking) in run.health.wake(at: now) {
                switch waking {
                case .nothing: break
                case .ask(let number):
                    guard let check = run.health.probes[kind]?.spec.check else { continue }
                    actions.append(.startProbe(name, ProbeID(run: run.id, kind: kind, number: number), check))
                case .cancel(let number):
                    actions.append(.cancelProbe(ProbeID(run: run.id, kind: kind, number: number)))
                }
            }
            judge(run, before: before, at: now, &actions)
        case .stopping(var stopping):
            guard case .step(let index, let deadline) = stopping.phase, deadline <= now else { return }
            step(index + 1, &stopping, at: now, &actions)
        case .backingOff(let until):
            guard until <= now else { return }
            enter(.waiting, because: nil, at: now, &actions)
        case .down, .waiting, .spawning, .failed, .completed, .scheduled: return
        }
    }

    mutating func judge(
        _ run: InstanceState.Run, before: Health.Verdict, at now: Moment, _ actions: inout [MachineAction]
    ) {
        let verdict = run.health.verdict
        if case .hopeless(let why) = verdict {
            state = .running(run)
            return stop(.hopeless(why), at: now, &actions)
        }
        let change: (kind: SupervisorEvent.Kind, reason: String?)?
        switch verdict {
        case before: change = nil
        case .starting: change = nil
        case .healthy: change = (.healthy, nil)
        case .unhealthy(let why): change = before == .healthy || before == .starting ? (.unhealthy, why) : nil
        case .hopeless: change = nil
        }
        enter(
            .running(run), because: verdict.reason ?? (verdict == .starting ? run.health.complaint : nil), at: now,
            &actions)
        if let change {
            actions.append(
                .publish(
                    Transition(
                        instance: name, kind: change.kind, state: state.word, pid: run.pid, reason: change.reason)))
        }
    }
}

extension Health.Verdict {
    var reason: String? {
        switch self {
        case .starting, .healthy: return nil
        case .unhealthy(let why), .hopeless(let why): return why
        }
    }
}
