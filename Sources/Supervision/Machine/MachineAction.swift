package import Control
package import CoreTypes

/// What the machine wants done.
package enum MachineAction: Sendable {
    case spawn(InstanceName, RunID)
    /// Send a signal to the whole process group of a run.
    case signal(InstanceName, RunID, SignalNumber)
    /// Send a signal to the main process of a run, and to nobody else.
    case signalMain(InstanceName, RunID, SignalNumber)
    /// The run is over: whatever it left behind outside its process group is to be killed.
    case sweep(InstanceName, RunID)
    case startProbe(InstanceName, ProbeID, ProbeSpec.Check)
    case cancelProbe(ProbeID)
    case publish(Transition)
    /// Write the snapshot; `durable` when it must survive a power cut.
    case persist(durable: Bool)
    /// The instance left the stack and nothing of it runs.
    case forget(InstanceName)
    /// Everything is stopped, as the request `.shutdown` wished.
    case exit
}

/// A change of an instance that operators may want to know of.
package struct Transition: Sendable, Equatable {
    package let instance: InstanceName
    package let kind: SupervisorEvent.Kind
    package let state: InstanceStatus.State
    package let pid: Int32?
    package let reason: String?
}
