import Control
import CoreTypes

/// What is run now and then. Wall clocks are milliseconds since 1970.
extension InstanceMachine {
    /// Where it is in its schedule.
    package struct Timing: Sendable, Equatable {
        /// A clock that is set back by at most this much repeats no run; by more, the old time was wrong (cron(8) does so).
        static let repeatedTime: Int64 = 3 * 3_600_000

        /// Whatever was due up to here has been dealt with.
        package let handled: Int64
        package let due: Int64

        init(_ schedule: Schedule, handled: Int64) {
            self.handled = handled
            due = schedule.next(after: handled)
        }

        /// What was handled, as far as the clock that now says `wall` lets us believe it.
        static func handled(_ before: Int64?, at wall: Int64) -> Int64 {
            guard let before, before - wall <= repeatedTime else { return wall }
            return before
        }
    }

    var isScheduled: Bool { spec.schedule != nil }

    /// The state of a wanted instance that has no reason to run at once, or has to start.
    var idle: InstanceState { isScheduled ? .scheduled : .waiting }

    /// For `status`: healthy, or of a scheduled one, that its last run did not fail.
    package var isWell: Bool {
        guard isScheduled else { return isHealthy }
        switch state {
        case .scheduled, .waiting, .spawning, .running, .stopping: return lastEnd?.isSuccess ?? true
        case .down, .backingOff, .failed, .completed: return false
        }
    }

    /// A timing for each that has a schedule and is wanted, and for no other. What must not run for now keeps its
    /// own, so that the next supervisor knows what was missed.
    mutating func keepTiming(at wall: Int64) {
        guard let schedule = spec.schedule, wanted else {
            timing = nil
            return
        }
        if timing == nil { timing = Timing(schedule, handled: wall) }
    }

    /// Starts the run whose time has come; one that finds the last run not over is skipped.
    mutating func fallDue(at now: Moment, wall: Int64, _ actions: inout [MachineAction]) {
        guard let schedule = spec.schedule, shouldRun, let due = timing?.due, due <= wall else { return }
        timing = Timing(schedule, handled: wall)
        switch state {
        case .scheduled, .failed, .completed:
            // On disk with the start of the run, so that a power cut does not repeat it.
            actions.append(.persist(durable: true))
            reset()
            enter(.waiting, because: nil, at: now, &actions)
        case .waiting, .spawning, .running, .stopping, .backingOff:
            actions.append(.persist(durable: false))
            let why = "it was due at \(CivilTime(due)), and its last run is not over"
            actions.append(
                .publish(
                    Transition(instance: name, kind: .runSkipped, state: state.word, pid: state.pid, reason: why)))
        case .down: return
        }
    }

    /// The clock was set. What was passed over is run once, at once; what comes a second time is not run again.
    mutating func clockSet(at now: Moment, wall: Int64, _ actions: inout [MachineAction]) {
        guard let schedule = spec.schedule, shouldRun, let timing else { return }
        self.timing = Timing(schedule, handled: Timing.handled(timing.handled, at: wall))
        actions.append(.persist(durable: false))
        fallDue(at: now, wall: wall, &actions)
    }

    /// Another schedule, or none, from now on.
    mutating func reschedule(at now: Moment, _ actions: inout [MachineAction]) {
        timing = nil
        switch state {
        case .scheduled where !isScheduled: enter(.waiting, because: nil, at: now, &actions)
        case .failed where isScheduled, .completed where isScheduled:
            if wanted { enter(.scheduled, because: nil, at: now, &actions) }
        case .down, .waiting, .spawning, .running, .stopping, .backingOff, .failed, .completed, .scheduled: return
        }
    }
}
