package import CoreTypes
package import Profiles

/// The switch of traffic from one slot to the other, as a value: event in, actions out.
///
/// The actions of one answer are done in order; `done` follows the last, `failed` the first that fails. Until the first
/// reload, every failure leaves traffic where it is; after it, every failure takes traffic back. A machine that takes up
/// a recorded stage trusts `live.conf` for where traffic is, and proves that slot again before it stops the other.
package struct SwitchMachine: Sendable, Equatable {
    package let from: Slot
    package let to: Slot
    package let plan: SwitchPlan
    package private(set) var state = State.ready

    package init(from: Slot, to: Slot, plan: SwitchPlan = SwitchPlan()) {
        self.from = from
        self.to = to
        self.plan = plan
    }

    package enum State: Sendable, Equatable {
        case ready, checking
        /// On the way to the new slot.
        case moving(SwitchStage)
        case concluding
        case returning(SwitchProblem)
        case abandoning(SwitchProblem, hasReturned: Bool)
        case ended
    }

    package enum Event: Sendable, Equatable {
        case begin
        /// A switch was stopped in this stage, and `live.conf` names `live`.
        case resume(SwitchStage, live: Slot)
        case done
        case failed(SwitchProblem)
    }

    package enum Action: Sendable, Equatable {
        /// Nobody else listens on the slot's ports.
        case checkPorts(Slot)
        case record(SwitchStage)
        /// The supervisor knows what is in the slots now; what is outside them follows the live one.
        case apply(live: Slot)
        case start(Slot, ProcessDeclaration.Role)
        case awaitHealth(Slot, ProcessDeclaration.Role)
        /// Workers and schedulers that stand by are started …
        case prepare(Slot)
        /// … until they have said that they do …
        case awaitStandby(Slot)
        /// … or, when it is their turn already, until they are healthy.
        case standBy(Slot)
        /// One-shots, one after the other, each to its end.
        case run(Slot, ProcessDeclaration.Role)
        /// The front door's preview leads to the slot, which stays healthy for the time of the plan.
        case preview(Slot)
        /// Until they have ended.
        case stop(Slot, ProcessDeclaration.Role)
        /// nginx reads a candidate that names the slot.
        case test(Slot)
        /// `live.conf` names the slot, for all clients …
        case write(Slot)
        /// … or the old one, and this one for some.
        case share(Slot)
        case reload
        /// The front door says what was written last.
        case verify(Slot)
        /// Readiness and errors of the slot stay what they should be for the time of the plan.
        case watch(Slot)
        case drain(Slot)
        case stopAll(Slot)
        /// Nothing is going on any more. `previous`: the slot to go back to, if traffic has moved; it is kept running
        /// where `isWarm`.
        case conclude(previous: Slot?, isWarm: Bool)
        case end(SwitchOutcome)
    }

    package mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .begin:
            state = .checking
            return [.checkPorts(to)]
        case .resume(let stage, let live): return resume(stage, live: live)
        case .done: return done()
        case .failed(let problem): return failed(problem)
        }
    }

    private mutating func resume(_ stage: SwitchStage, live: Slot) -> [Action] {
        let problem = SwitchProblem("an earlier switch was stopped while \(stage)", stage: stage)
        switch stage {
        case .starting, .smoking, .previewing, .migrating, .testing, .abandoning:
            return live == from ? abandon(problem, hasReturned: false) : turnBack(problem)
        case .flipping, .verifying, .handing, .watching, .draining, .stopping:
            guard live == to else { return turnBack(problem) }
            state = .moving(.verifying)
            return [.record(.verifying), .start(to, .server), .awaitHealth(to, .server), .reload, .verify(to)]
        case .sharing, .returning:
            return turnBack(problem)
        }
    }

    private mutating func done() -> [Action] {
        switch state {
        case .checking: return move(to: .starting)
        case .moving(let stage):
            if let next = stage.next(plan) { return move(to: next) }
            state = .concluding
            return [.conclude(previous: from, isWarm: plan.warm > .zero)]
        case .concluding: return end(.switched)
        case .returning(let problem): return abandon(problem, hasReturned: true)
        case .abandoning(let problem, let hasReturned):
            return end(hasReturned ? .returned(problem) : .untouched(problem))
        case .ready, .ended: return []
        }
    }

    private mutating func move(to stage: SwitchStage) -> [Action] {
        state = .moving(stage)
        return [.record(stage)] + actions(of: stage)
    }

    private func actions(of stage: SwitchStage) -> [Action] {
        switch stage {
        case .starting:
            [.apply(live: from), .start(to, .server), .prepare(to), .awaitHealth(to, .server)]
                + (plan.isProven == true ? [] : [.awaitStandby(to)])
        case .smoking: [.run(to, .smoke)]
        case .previewing: [.verify(from), .preview(to)]
        case .migrating: [.run(to, .migration)]
        case .testing: [.test(to)]
        case .sharing: [.share(to), .reload, .verify(from), .watch(to)]
        case .flipping: [.write(to), .reload]
        case .verifying: [.verify(to)]
        case .handing: handOver(to: to)
        case .watching: [.watch(to)]
        case .draining: [.drain(from)]
        case .stopping: [.stopAll(from)]
        case .returning, .abandoning: []
        }
    }

    /// At no moment are two schedulers at work; jobs are never without a worker.
    private func handOver(to slot: Slot) -> [Action] {
        [
            .apply(live: slot), .start(slot, .worker), .standBy(slot), .awaitHealth(slot, .worker),
            .stop(slot.other, .scheduler), .start(slot, .scheduler), .awaitHealth(slot, .scheduler),
            .stop(slot.other, .worker),
        ]
    }

    private mutating func failed(_ problem: SwitchProblem) -> [Action] {
        switch state {
        case .checking: return end(.untouched(problem))
        case .moving(let stage):
            let problem = problem.at(stage)
            switch stage {
            case .starting, .smoking, .previewing, .migrating, .testing: return abandon(problem, hasReturned: false)
            case .sharing, .flipping, .verifying, .handing, .watching: return turnBack(problem)
            case .draining, .stopping, .returning, .abandoning: return end(.unfinished(problem))
            }
        case .concluding: return end(.unfinished(problem))
        case .returning(let first): return end(.stuck(first, then: problem))
        case .abandoning(let first, let hasReturned):
            return end(.leftOver(first, then: problem, hasReturned: hasReturned))
        case .ready, .ended: return []
        }
    }

    private mutating func turnBack(_ problem: SwitchProblem) -> [Action] {
        state = .returning(problem)
        return [
            .record(.returning), .start(from, .server), .awaitHealth(from, .server), .write(from), .reload,
            .verify(from),
        ] + handOver(to: from) + [.drain(to)]
    }

    private mutating func abandon(_ problem: SwitchProblem, hasReturned: Bool) -> [Action] {
        state = .abandoning(problem, hasReturned: hasReturned)
        return [.record(.abandoning), .stopAll(to), .conclude(previous: nil, isWarm: false)]
    }

    private mutating func end(_ outcome: SwitchOutcome) -> [Action] {
        state = .ended
        return [.end(outcome)]
    }
}

extension SwitchStage {
    /// What follows when it has gone well; `nil` after the last.
    fileprivate func next(_ plan: SwitchPlan) -> SwitchStage? {
        switch self {
        case .starting: plan.checks ? .smoking : SwitchStage.smoking.next(plan)
        case .smoking: plan.preview ?? .zero > .zero ? .previewing : SwitchStage.previewing.next(plan)
        case .previewing: plan.migrates ? .migrating : .testing
        case .migrating: .testing
        case .testing: plan.share == nil ? .flipping : .sharing
        case .sharing: .flipping
        case .flipping: .verifying
        case .verifying: .handing
        case .handing: plan.watch > .zero ? .watching : SwitchStage.watching.next(plan)
        case .watching: plan.warm > .zero ? nil : .draining
        case .draining: .stopping
        case .stopping, .returning, .abandoning: nil
        }
    }
}
