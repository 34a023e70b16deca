package import Control
package import CoreTypes

/// The life of one instance: news in, actions out. It knows nothing of the other instances; `StackMachine` tells it
/// when it may start and when it must stop.
package struct InstanceMachine: Sendable {
    package let name: InstanceName
    private var definition: Definition
    /// The operator's last word.
    package internal(set) var wanted: Bool
    /// It must not run whatever the operator wants: the stack is shutting down, or it left the stack.
    var isBarred = false
    package internal(set) var state = InstanceState.down
    package private(set) var since: Moment
    /// Restarts by the supervisor since the last start by an operator.
    package internal(set) var restarts = 0
    package internal(set) var lastEnd: End?
    package internal(set) var reason: String?
    /// Of a scheduled one that is wanted, and of no other.
    package internal(set) var timing: Timing?
    /// It waits for something that is not on its way.
    var isStuck = false
    /// Restarts in a row, without a stable run between them.
    var attempt = 0
    /// The starts within the start limit's window.
    var starts: [Moment] = []

    init(_ spec: InstanceSpec, wanted: Bool, at now: Moment) {
        name = spec.name
        definition = Definition(spec)
        self.wanted = wanted
        since = now
    }

    /// A spec is large and changes rarely: what is copied with the machine is a reference to it.
    private final class Definition: Sendable {
        let spec: InstanceSpec

        init(_ spec: InstanceSpec) { self.spec = spec }
    }

    package internal(set) var spec: InstanceSpec {
        get { definition.spec }
        set { definition = Definition(newValue) }
    }

    /// Healthy in the sense that dependents wait for: a one-shot is, once it ended well.
    package var isHealthy: Bool {
        switch spec.kind {
        case .service: return state.isHealthy
        case .oneshot: return state == .completed
        }
    }

    /// There for its dependents: running, or a one-shot that has done its work.
    var isPresent: Bool {
        switch state {
        case .running: return spec.kind == .service
        case .completed: return spec.kind == .oneshot
        case .down, .waiting, .spawning, .stopping, .backingOff, .failed, .scheduled: return false
        }
    }

    /// On its way up: what comes `after` it waits.
    var isComing: Bool {
        guard shouldRun else { return false }
        switch state {
        case .waiting: return !isStuck
        case .spawning: return true
        case .running: return !isHealthy && (spec.kind == .oneshot || state.word == .starting)
        case .down, .stopping, .backingOff, .failed, .completed, .scheduled: return false
        }
    }

    /// All that others, and the stack's own rules, see of it: when this changes, they are looked at again.
    struct Appearance: Equatable {
        let word: InstanceStatus.State
        let isHealthy: Bool
        let isPresent: Bool
        let isStuck: Bool
    }

    var appearance: Appearance {
        Appearance(word: state.word, isHealthy: isHealthy, isPresent: isPresent, isStuck: isStuck)
    }

    var shouldRun: Bool { wanted && !isBarred }

    // MARK: Asked by the stack

    /// An operator's start: earlier failures are forgotten.
    mutating func reset() {
        attempt = 0
        restarts = 0
        starts = []
    }

    mutating func enter(
        _ next: InstanceState, because reason: String?, at now: Moment, _ actions: inout [MachineAction]
    ) {
        let word = state.word
        state = next
        self.reason = reason
        guard next.word != word else { return }
        isStuck = false
        since = now
        actions.append(
            .publish(Transition(instance: name, kind: .state, state: next.word, pid: next.pid, reason: reason)))
    }

    mutating func begin(_ run: RunID, at now: Moment, _ actions: inout [MachineAction]) {
        if let limit = spec.restart.limit {
            starts.removeAll { now - $0 > limit.window }
            starts.append(now)
        }
        enter(.spawning(run, isOutdated: false), because: nil, at: now, &actions)
        actions.append(.spawn(name, run))
    }

    /// Its definition changed in a way that only a new run takes up.
    mutating func outdate(at now: Moment, _ actions: inout [MachineAction]) {
        reset()
        switch state {
        case .running: stop(.changed, at: now, &actions)
        case .spawning(let id, _): state = .spawning(id, isOutdated: true)
        case .failed, .completed: enter(wanted ? idle : .down, because: nil, at: now, &actions)
        case .backingOff: enter(wanted ? .waiting : .down, because: nil, at: now, &actions)
        case .down, .waiting, .stopping, .scheduled: return
        }
    }

    /// Ends a run; without one there is nothing to end. The first signal waits for the stack's `proceed`.
    mutating func stop(_ cause: InstanceState.StopCause, at now: Moment, _ actions: inout [MachineAction]) {
        guard case .running(let run) = state else { return }
        cancelProbes(of: run, &actions)
        let stopping = InstanceState.Stopping(
            id: run.id, pid: run.pid, began: run.began, cause: cause, plan: StopPlan(spec.stop),
            phase: .awaitingDependents)
        enter(.stopping(stopping), because: cause.reason, at: now, &actions)
    }

    /// Its dependents are gone: the first step.
    mutating func proceed(at now: Moment, _ actions: inout [MachineAction]) {
        guard case .stopping(var stopping) = state, stopping.phase == .awaitingDependents else { return }
        step(0, &stopping, at: now, &actions)
    }

    mutating func step(
        _ index: Int, _ stopping: inout InstanceState.Stopping, at now: Moment, _ actions: inout [MachineAction]
    ) {
        let step = stopping.plan.step(index)
        stopping.phase = .step(index, deadline: now + step.wait)
        state = .stopping(stopping)
        // Without its main process, the rest of the group is all there is to end.
        let isForMain = step.mainOnly && stopping.end == nil
        actions.append(
            isForMain ? .signalMain(name, stopping.id, step.signal) : .signal(name, stopping.id, step.signal))
    }

    /// Another probe set for the same run.
    mutating func replaceProbes(at now: Moment, _ actions: inout [MachineAction]) {
        guard case .running(var run) = state else { return }
        cancelProbes(of: run, &actions)
        let before = run.health.verdict
        run.health = run.health.replacing(
            spec.kind == .service ? spec.probes : ProbeSet(liveness: spec.probes.liveness), at: now)
        // Without the probe it waited for, it is up.
        judge(run, before: before, at: now, &actions)
    }

    func cancelProbes(of run: InstanceState.Run, _ actions: inout [MachineAction]) {
        for (kind, number) in run.health.pending {
            actions.append(.cancelProbe(ProbeID(run: run.id, kind: kind, number: number)))
        }
    }
}
