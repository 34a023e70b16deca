import Control
import CoreTypes

extension StackMachine {
    /// What an earlier supervisor knew of an instance.
    package struct Memory: Sendable, Equatable {
        package var wanted: Bool
        package var restarts: Int
        /// Its probes were content; they are believed until they are asked again.
        package var wasHealthy: Bool
        /// It has said `READY=1`.
        package var wasReady: Bool
        package var ending: Ending?
        /// A process of it that still runs.
        package var pid: Int32?
        /// The process was being stopped, by an operator or for a changed definition.
        package var wasStopping: Bool
        /// A scheduled run that was due, or asked for, had not begun.
        package var isOwed: Bool
        /// Up to when scheduled runs were dealt with, in milliseconds since 1970.
        package var handled: Int64?

        package enum Ending: String, Sendable, Equatable { case failed, completed }

        package init(
            wanted: Bool, restarts: Int = 0, wasHealthy: Bool = false, wasReady: Bool = false,
            ending: Ending? = nil, pid: Int32? = nil, wasStopping: Bool = false, isOwed: Bool = false,
            handled: Int64? = nil
        ) {
            self.wanted = wanted
            self.restarts = restarts
            self.wasHealthy = wasHealthy
            self.wasReady = wasReady
            self.ending = ending
            self.pid = pid
            self.wasStopping = wasStopping
            self.isOwed = isOwed
            self.handled = handled
        }
    }
}

extension InstanceMachine {
    /// What the next supervisor must know; whether a process runs is for the runtime to tell.
    package var memory: StackMachine.Memory {
        var memory = StackMachine.Memory(
            wanted: wanted, restarts: restarts, wasHealthy: isHealthy, wasReady: state.hasSaidReady,
            handled: timing?.handled)
        switch state {
        case .failed: memory.ending = .failed
        case .completed: memory.ending = .completed
        case .stopping(let stopping): memory.wasStopping = stopping.cause == .asked || stopping.cause == .changed
        case .spawning(_, let isOutdated):
            memory.isOwed = isScheduled
            memory.wasStopping = isOutdated
        case .waiting, .backingOff: memory.isOwed = isScheduled
        case .down, .running, .scheduled: break
        }
        return memory
    }

    /// Where it stands when a supervisor takes it up.
    mutating func recall(
        _ memory: StackMachine.Memory?, _ run: @autoclosure () -> RunID, at now: Moment, wall: Int64,
        _ actions: inout [MachineAction]
    ) {
        restarts = memory?.restarts ?? 0
        if let schedule = spec.schedule, wanted {
            timing = Timing(schedule, handled: Timing.handled(memory?.handled, at: wall))
        }
        if let pid = memory?.pid {
            adopt(
                run(), pid: pid, wasHealthy: memory?.wasHealthy ?? false, wasReady: memory?.wasReady ?? false, at: now,
                &actions)
            if memory?.wasStopping == true { stop(.asked, at: now, &actions) }
        } else if !wanted {
            return
        } else if let ending = memory?.ending {
            enter(
                ending == .failed ? .failed : isScheduled ? .scheduled : .completed, because: "as before", at: now,
                &actions)
        } else {
            enter(memory?.isOwed == true ? .waiting : idle, because: nil, at: now, &actions)
        }
        fallDue(at: now, wall: wall, &actions)
    }
}
