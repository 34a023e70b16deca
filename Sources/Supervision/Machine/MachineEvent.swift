package import Control
package import CoreTypes

/// News for the machine.
package enum MachineEvent: Sendable {
    /// The answers to `.spawn`; one of the two always follows.
    case spawned(InstanceName, RunID, pid: Int32)
    case spawnFailed(InstanceName, RunID, reason: String)
    /// The main process ended; `groupRemains` tells whether others of its process group still run.
    case ended(InstanceName, RunID, End, groupRemains: Bool)
    /// The last process of the group is gone after its main process ended.
    case groupGone(InstanceName, RunID)
    case probeAnswered(InstanceName, ProbeID, ProbeOutcome)
    /// A process of this run spoke for it.
    case notified(InstanceName, RunID, Notice)
    /// A deadline passed: `nextWake` or later is now.
    case woke
    /// The clock on the wall was set; it says `wall`, in milliseconds since 1970.
    case clockSet(wall: Int64)
    case asked(Request)

    /// What an operator may ask for. Names that are not in the stack are ignored: the runtime refuses them first.
    package enum Request: Sendable {
        case start([InstanceName])
        case stop([InstanceName])
        case restart([InstanceName])
        case apply(Stack)
        case shutdown
    }
}
