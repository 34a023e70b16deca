import CoreTypes
import Releases
import Testing

@Suite struct SwitchMachineTests {
    /// Every answer of a machine that is told `done` until it ends, but `failed` at answer number `failure`.
    private func trace(
        _ first: SwitchMachine.Event, failingAt failures: Set<Int> = []
    ) -> (actions: [SwitchMachine.Action], outcome: SwitchOutcome?) {
        var machine = SwitchMachine(from: .blue, to: .green)
        var actions = machine.handle(first)
        var all = actions
        var answers = 0
        while machine.state != .ended {
            let fails = failures.contains(answers)
            actions = machine.handle(fails ? .failed(SwitchProblem("answer \(answers)")) : .done)
            all += actions
            answers += 1
            if answers > 50 { return (all, nil) }
        }
        guard case .end(let outcome) = all.last else { return (all, nil) }
        return (all, outcome)
    }

    private let resumed: [SwitchMachine.Event] = SwitchStage.allCases.flatMap { stage in
        [SwitchMachine.Event.resume(stage, live: .blue), .resume(stage, live: .green)]
    }

    @Test("whatever fails, in pairs, the machine ends, and says how")
    func alwaysEnds() {
        for first in [.begin] + resumed {
            for one in -1..<12 {
                for two in -1..<12 {
                    #expect(trace(first, failingAt: [one, two]).outcome != nil, "\(first) \(one) \(two)")
                }
            }
        }
    }

    @Test("the old slot is never stopped before the front door was seen to lead to the new one")
    func neverBothDown() {
        for first in [.begin] + resumed {
            for one in -1..<12 {
                for two in -1..<12 {
                    var led: Slot?
                    for action in trace(first, failingAt: [one, two]).actions {
                        switch action {
                        case .verify(let slot): led = slot
                        case .write: led = nil
                        case .stop(.blue): #expect(led == .green, "\(first) \(one) \(two)")
                        default: break
                        }
                    }
                }
            }
        }
    }

    @Test("nothing is written to live.conf before the slot it names is healthy and its stage is recorded")
    func healthFirst() {
        for first in [.begin] + resumed {
            for one in -1..<12 {
                var healthy: Set<Slot> = []
                var recorded: SwitchStage?
                for action in trace(first, failingAt: [one]).actions {
                    switch action {
                    case .awaitHealth(let slot): healthy.insert(slot)
                    case .record(let stage): recorded = stage
                    case .write(let slot):
                        #expect(healthy.contains(slot))
                        #expect(recorded == (slot == .green ? .flipping : .returning))
                    default: break
                    }
                }
            }
        }
    }

    @Test("each stage is recorded before what it names happens, on every path")
    func recordedFirst() {
        for first in [.begin] + resumed {
            for one in -1..<12 {
                var recorded: SwitchStage?
                for action in trace(first, failingAt: [one]).actions {
                    let allowed: [SwitchStage?]
                    switch action {
                    case .record(let stage):
                        recorded = stage
                        continue
                    case .start(.green), .awaitHealth(.green): allowed = [.starting, .verifying]
                    case .test: allowed = [.testing]
                    case .write(.green): allowed = [.flipping]
                    case .reload: allowed = [.flipping, .verifying, .returning]
                    case .verify(.green): allowed = [.verifying]
                    case .apply(.green), .drain(.blue): allowed = [.draining]
                    case .stop(.blue): allowed = [.stopping]
                    case .start(.blue), .awaitHealth(.blue), .write(.blue), .verify(.blue), .apply(.blue),
                        .drain(.green):
                        allowed = [.returning]
                    case .stop(.green): allowed = [.abandoning]
                    case .checkPorts: allowed = [nil]
                    case .conclude: allowed = [.stopping, .abandoning]
                    case .end: continue
                    }
                    #expect(
                        allowed.contains(recorded), "\(action) after \(String(describing: recorded)), \(first) \(one)")
                }
            }
        }
    }

    @Test("a failure before the flip leaves traffic untouched, and one after it takes traffic back")
    func outcomes() {
        #expect(trace(.begin).outcome == .switched)
        #expect(trace(.begin, failingAt: [0]).outcome == .untouched(SwitchProblem("answer 0")))
        #expect(trace(.begin, failingAt: [1]).outcome == .untouched(SwitchProblem("answer 1")))
        #expect(trace(.begin, failingAt: [2]).outcome == .untouched(SwitchProblem("answer 2")))
        #expect(trace(.begin, failingAt: [3]).outcome == .returned(SwitchProblem("answer 3")))
        #expect(trace(.begin, failingAt: [4]).outcome == .returned(SwitchProblem("answer 4")))
        #expect(trace(.begin, failingAt: [5]).outcome == .unfinished(SwitchProblem("answer 5")))
        #expect(
            trace(.begin, failingAt: [4, 5]).outcome
                == .stuck(SwitchProblem("answer 4"), then: SwitchProblem("answer 5")))
    }
}
