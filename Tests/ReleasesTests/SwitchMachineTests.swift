import CoreTypes
import Profiles
import Releases
import Testing

@Suite struct SwitchMachineTests {
    /// Everything a switch can do, and as little as it can.
    private static let plans = [
        SwitchPlan(
            share: 10, watch: .seconds(60), warm: .seconds(600), checks: true, migrates: true, preview: .seconds(5)),
        SwitchPlan(),
        SwitchPlan(watch: .seconds(60)),
    ]
    private static let events: [SwitchMachine.Event] =
        [.begin]
        + SwitchStage.allCases.flatMap { stage in
            [SwitchMachine.Event.resume(stage, live: .blue), .resume(stage, live: .green)]
        }
    private static let most = 70

    /// Everything that is done, in order, when the actions with these numbers fail.
    private func trace(
        _ plan: SwitchPlan, _ first: SwitchMachine.Event = .begin, failingAt failures: Set<Int> = []
    ) -> (actions: [SwitchMachine.Action], outcome: SwitchOutcome?) {
        var machine = SwitchMachine(from: .blue, to: .green, plan: plan)
        var waiting = machine.handle(first)
        var done: [SwitchMachine.Action] = []
        while done.count < Self.most {
            guard let action = waiting.first else {
                waiting = machine.handle(.done)
                continue
            }
            done.append(action)
            if case .end(let outcome) = action { return (done, outcome) }
            if failures.contains(done.count - 1) {
                waiting = machine.handle(.failed(SwitchProblem("action \(done.count - 1)")))
            } else {
                waiting.removeFirst()
            }
        }
        return (done, nil)
    }

    /// Every course of a switch in which one action fails, or two, or none.
    private func eachCourse(_ body: (SwitchMachine.Event, [SwitchMachine.Action], SwitchOutcome?) -> Void) {
        for plan in Self.plans {
            for first in Self.events {
                for one in -1..<37 {
                    for two in one..<37 where first == .begin || two == one || (one + two) % 3 == 0 {
                        let (actions, outcome) = trace(plan, first, failingAt: [one, two])
                        body(first, actions, outcome)
                    }
                }
            }
        }
    }

    @Test("whatever fails, in pairs, the machine ends, and says how")
    func alwaysEnds() {
        eachCourse { first, actions, outcome in #expect(outcome != nil, "\(first): \(actions)") }
    }

    @Test("the old slot is never stopped before the front door was seen to lead to the new one")
    func neverBothDown() {
        eachCourse { first, actions, _ in
            var led: Slot?
            for action in actions {
                switch action {
                case .verify(let slot): led = slot
                case .write, .share: led = nil
                case .stopAll(.blue): #expect(led == .green, "\(first): \(actions)")
                default: break
                }
            }
        }
    }

    @Test("at no moment there are two schedulers, and a new slot's workers begin before the old one's finish")
    func oneScheduler() {
        eachCourse { first, actions, _ in
            // What a switch that was stopped has left is not known.
            var schedulers: Set<Slot> = first == .begin ? [.blue] : [.blue, .green]
            var workers: Set<Slot> = first == .begin ? [.blue] : []
            var waiting: Slot?
            for action in actions {
                switch action {
                case .stop(let slot, .scheduler):
                    #expect(waiting == slot.other, "one that can wait does so before: \(first): \(actions)")
                    schedulers.remove(slot)
                case .stopAll(let slot): schedulers.remove(slot)
                case .start(let slot, .scheduler):
                    #expect(!schedulers.contains(slot.other), "\(first): \(actions)")
                    schedulers.insert(slot)
                case .standBy(let slot): waiting = slot
                case .awaitStandby(let slot): #expect(slot == .green && workers == [.blue], "\(first): \(actions)")
                case .start(let slot, .worker): workers.insert(slot)
                case .stop(let slot, .worker): #expect(workers.contains(slot.other), "\(first): \(actions)")
                default: break
                }
            }
        }
    }

    @Test("nothing is written to live.conf before the slot it names is healthy and its stage is recorded")
    func healthFirst() {
        eachCourse { first, actions, _ in
            var healthy: Set<Slot> = []
            var recorded: SwitchStage?
            for action in actions {
                switch action {
                case .awaitHealth(let slot, .server): healthy.insert(slot)
                case .record(let stage): recorded = stage
                case .share(let slot): #expect(healthy.contains(slot) && recorded == .sharing)
                case .write(let slot):
                    #expect(healthy.contains(slot), "\(first): \(actions)")
                    #expect(recorded == (slot == .green ? .flipping : .returning))
                default: break
                }
            }
        }
    }

    @Test("each stage is recorded before what it names happens, on every path")
    func recordedFirst() {
        eachCourse { first, actions, _ in
            var recorded: SwitchStage?
            for action in actions {
                let allowed: [SwitchStage?]
                switch action {
                case .record(let stage):
                    recorded = stage
                    continue
                case .start(.green, .server), .awaitHealth(.green, .server): allowed = [.starting, .verifying]
                case .apply(.blue): allowed = [.starting, .returning]
                case .run(_, .smoke): allowed = [.smoking]
                case .run: allowed = [.migrating]
                case .test: allowed = [.testing]
                case .share: allowed = [.sharing]
                case .write(.green): allowed = [.flipping]
                case .reload: allowed = [.sharing, .flipping, .verifying, .returning]
                case .verify(.green): allowed = [.verifying]
                case .preview(.green): allowed = [.previewing]
                case .verify(.blue): allowed = [.previewing, .sharing, .returning]
                case .preview(.blue): allowed = []
                case .watch: allowed = [.sharing, .watching]
                case .apply(.green), .start(.green, _), .awaitHealth(.green, _), .stop(.blue, _): allowed = [.handing]
                case .prepare(.green), .awaitStandby(.green): allowed = [.starting]
                case .prepare(.blue), .awaitStandby(.blue): allowed = []
                case .standBy(.green): allowed = [.handing]
                case .standBy(.blue): allowed = [.returning]
                case .drain(.blue): allowed = [.draining]
                case .stopAll(.blue): allowed = [.stopping]
                case .start(.blue, _), .awaitHealth(.blue, _), .write(.blue), .drain(.green), .stop(.green, _):
                    allowed = [.returning]
                case .stopAll(.green): allowed = [.abandoning]
                case .checkPorts: allowed = [nil]
                case .conclude(let previous, let isWarm):
                    allowed = previous == nil ? [.abandoning] : isWarm ? [.handing, .watching] : [.stopping]
                case .end: continue
                }
                #expect(allowed.contains(recorded), "\(action) after \(String(describing: recorded)), \(first)")
            }
        }
    }

    @Test("a failure before the first reload leaves traffic untouched, and one after it takes traffic back")
    func outcomes() {
        for plan in Self.plans {
            let whole = trace(plan)
            #expect(whole.outcome == .switched)
            var stage: SwitchStage?
            for (number, action) in whole.actions.dropLast().enumerated() {
                if case .record(let recorded) = action { stage = recorded }
                let problem = SwitchProblem("action \(number)", stage: stage)
                let outcome = trace(plan, failingAt: [number]).outcome
                switch stage {
                case nil, .starting, .smoking, .previewing, .migrating, .testing:
                    #expect(outcome == .untouched(problem))
                case .sharing, .flipping, .verifying, .handing, .watching:
                    if case .conclude = action { break }
                    #expect(outcome == .returned(problem))
                case .draining, .stopping, .returning, .abandoning:
                    guard case .unfinished = outcome else {
                        Issue.record("\(action): \(String(describing: outcome))")
                        continue
                    }
                }
            }
        }
    }

    @Test("when taking traffic back fails too, both slots are left running")
    func stuck() {
        let verify = trace(SwitchPlan()).actions.firstIndex(of: .verify(.green))!
        let (actions, outcome) = trace(SwitchPlan(), failingAt: [verify, verify + 5])
        guard case .stuck = outcome else {
            Issue.record("\(actions)")
            return
        }
        #expect(!actions.contains(.stopAll(.green)) && !actions.contains(.stopAll(.blue)))
    }
}
