package import Control
package import CoreTypes

/// The steps of a stop, made safe: every step has a signal and a time, and the last one is KILL.
package struct StopPlan: Equatable, Sendable {
    package struct Step: Equatable, Sendable {
        package let signal: SignalNumber
        package let wait: TimeSpan
        package var mainOnly = false
    }

    /// A process may be stuck in the kernel for a while after KILL; it is told again this often.
    static let killAgainAfter = TimeSpan.seconds(5)

    package let steps: [Step]

    package init(_ steps: [StopStep]) {
        var plan = steps.compactMap { step in
            SignalNumber(step.signal).map { Step(signal: $0, wait: step.wait, mainOnly: step.mainOnly ?? false) }
        }
        // Whatever is left is meant by KILL.
        if let kill = plan.firstIndex(where: { $0.signal == .kill }) { plan.removeSubrange(kill...) }
        plan.append(Step(signal: .kill, wait: Self.killAgainAfter))
        self.steps = plan
    }

    /// Step `index`, or KILL again for every index past the end.
    func step(_ index: Int) -> Step { steps[min(index, steps.count - 1)] }
}
