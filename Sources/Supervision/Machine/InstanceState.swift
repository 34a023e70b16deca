package import Control
package import CoreTypes

/// Where an instance is in its life. What a state needs to know is in its case, and nowhere else.
package enum InstanceState: Sendable, Equatable {
    /// Not running, and not meant to.
    case down
    /// Meant to run; a dependency is not there yet.
    case waiting
    /// The runtime was asked to spawn it and has not answered; `isOutdated` when its definition changed since.
    case spawning(RunID, isOutdated: Bool)
    indirect case running(Run)
    indirect case stopping(Stopping)
    /// Ended or failed to start; the next attempt is due at `until`.
    case backingOff(until: Moment)
    /// Gave up until an operator or a returning dependency gives it another chance.
    case failed
    /// Ran to its end, and was meant to.
    case completed
    /// Runs on a schedule, and is not due; `InstanceMachine.timing` says when it is.
    case scheduled

    package struct Run: Sendable, Equatable {
        package let id: RunID
        package let pid: Int32
        package let began: Moment
        package var health: Health
        /// What the process last said of itself.
        package var says: String?
    }

    package struct Stopping: Sendable, Equatable {
        package let id: RunID
        package let pid: Int32
        package let began: Moment
        package var cause: StopCause
        package let plan: StopPlan
        package var phase: Phase
        /// How the main process ended, once it has; others of its group may still run.
        package var end: End?
    }

    package enum Phase: Sendable, Equatable {
        /// What depends on it stops first.
        case awaitingDependents
        case step(Int, deadline: Moment)
    }

    /// Why a run is being ended.
    package enum StopCause: Sendable, Equatable {
        case asked
        case changed
        case dependency(InstanceName)
        /// Startup or liveness gave up.
        case hopeless(String)
        /// The main process ended by itself; the rest of its group follows.
        case ended
    }

    /// The run it holds processes of.
    package var run: RunID? {
        switch self {
        case .spawning(let id, _): return id
        case .running(let run): return run.id
        case .stopping(let stopping): return stopping.id
        case .down, .waiting, .backingOff, .failed, .completed, .scheduled: return nil
        }
    }

    package var pid: Int32? {
        switch self {
        case .running(let run): return run.pid
        case .stopping(let stopping): return stopping.end == nil ? stopping.pid : nil
        case .spawning, .down, .waiting, .backingOff, .failed, .completed, .scheduled: return nil
        }
    }

    package var isHealthy: Bool {
        guard case .running(let run) = self else { return false }
        return run.health.verdict == .healthy
    }

    /// Whether the run has said `READY=1`.
    package var hasSaidReady: Bool {
        guard case .running(let run) = self else { return false }
        return run.health.hasSaidReady
    }

    /// What its process last said of itself.
    package var says: String? {
        guard case .running(let run) = self else { return nil }
        return run.says
    }

    /// The next moment at which something must happen even if no news comes.
    package var deadline: Moment? {
        switch self {
        case .running(let run): return run.health.deadline
        case .stopping(let stopping):
            guard case .step(_, let deadline) = stopping.phase else { return nil }
            return deadline
        case .backingOff(let until): return until
        case .down, .waiting, .spawning, .failed, .completed, .scheduled: return nil
        }
    }

    /// The word an operator sees.
    package var word: InstanceStatus.State {
        switch self {
        case .down: return .down
        case .waiting: return .waiting
        case .spawning: return .starting
        case .running(let run):
            switch run.health.verdict {
            case .starting, .hopeless: return .starting
            case .healthy, .unhealthy: return .up
            }
        case .stopping: return .stopping
        case .backingOff: return .backingOff
        case .failed: return .failed
        case .completed: return .completed
        case .scheduled: return .scheduled
        }
    }
}
