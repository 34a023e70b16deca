package import CoreTypes

/// The switch of traffic from one slot to the other, as a value: event in, actions out.
///
/// The actions of one answer are done in order; `done` follows the last, `failed` the first that fails. Until the flip,
/// every failure leaves traffic where it is; after it, every failure takes traffic back. A machine that takes up a
/// recorded stage trusts `live.conf` for where traffic is, and proves that slot again before it stops the other.
package struct SwitchMachine: Sendable, Equatable {
    package let from: Slot
    package let to: Slot
    package private(set) var state = State.ready

    package init(from: Slot, to: Slot) {
        self.from = from
        self.to = to
    }

    package enum State: Sendable, Equatable {
        case ready, checking, starting, testing, flipping, verifying, draining, stopping
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
        case start(Slot)
        case awaitHealth(Slot)
        /// nginx reads a candidate that names the slot.
        case test(Slot)
        /// `live.conf` names the slot.
        case write(Slot)
        case reload
        /// The front door answers with the slot.
        case verify(Slot)
        /// What is outside the slots follows the live one.
        case apply(live: Slot)
        case drain(Slot)
        case stop(Slot)
        /// Nothing is going on any more; the slot to go back to, if traffic has moved.
        case conclude(previous: Slot?)
        case end(SwitchOutcome)
    }

    package mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .begin: begin()
        case .resume(let stage, let live): resume(stage, live: live)
        case .done: done()
        case .failed(let problem): failed(problem)
        }
    }

    private mutating func begin() -> [Action] {
        state = .checking
        return [.checkPorts(to)]
    }

    private mutating func resume(_ stage: SwitchStage, live: Slot) -> [Action] {
        let problem = SwitchProblem("an earlier switch was stopped while \(stage)")
        switch stage {
        case .starting, .testing, .abandoning:
            return live == from ? abandon(problem, hasReturned: false) : turnBack(problem)
        case .flipping, .verifying, .draining, .stopping:
            guard live == to else { return turnBack(problem) }
            state = .verifying
            return [.record(.verifying), .start(to), .awaitHealth(to), .reload, .verify(to)]
        case .returning:
            return turnBack(problem)
        }
    }

    private mutating func done() -> [Action] {
        switch state {
        case .checking:
            state = .starting
            return [.record(.starting), .start(to), .awaitHealth(to)]
        case .starting:
            state = .testing
            return [.record(.testing), .test(to)]
        case .testing:
            state = .flipping
            return [.record(.flipping), .write(to), .reload]
        case .flipping:
            state = .verifying
            return [.record(.verifying), .verify(to)]
        case .verifying:
            state = .draining
            return [.record(.draining), .apply(live: to), .drain(from)]
        case .draining:
            state = .stopping
            return [.record(.stopping), .stop(from), .conclude(previous: from)]
        case .stopping:
            return end(.switched)
        case .returning(let problem):
            return abandon(problem, hasReturned: true)
        case .abandoning(let problem, let hasReturned):
            return end(hasReturned ? .returned(problem) : .untouched(problem))
        case .ready, .ended:
            return []
        }
    }

    private mutating func failed(_ problem: SwitchProblem) -> [Action] {
        switch state {
        case .checking: return end(.untouched(problem))
        case .starting, .testing: return abandon(problem, hasReturned: false)
        case .flipping, .verifying: return turnBack(problem)
        case .draining, .stopping: return end(.unfinished(problem))
        case .returning(let first): return end(.stuck(first, then: problem))
        case .abandoning(let first, let hasReturned):
            return end(.leftOver(first, then: problem, hasReturned: hasReturned))
        case .ready, .ended: return []
        }
    }

    private mutating func turnBack(_ problem: SwitchProblem) -> [Action] {
        state = .returning(problem)
        return [
            .record(.returning), .start(from), .awaitHealth(from), .write(from), .reload, .verify(from),
            .apply(live: from), .drain(to),
        ]
    }

    private mutating func abandon(_ problem: SwitchProblem, hasReturned: Bool) -> [Action] {
        state = .abandoning(problem, hasReturned: hasReturned)
        return [.record(.abandoning), .stop(to), .conclude(previous: nil)]
    }

    private mutating func end(_ outcome: SwitchOutcome) -> [Action] {
        state = .ended
        return [.end(outcome)]
    }
}
