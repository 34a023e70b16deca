import Control
import CoreTypes
import Supervision

/// What outlives a supervisor: the stack, the snapshot, the journal of runs begun since.
struct SimulatedDisk {
    var stack: Stack
    var memories: [InstanceName: StackMachine.Memory] = [:]
    /// The wishes that were in force when the snapshot was written.
    var wishes: [InstanceName: Bool] = [:]
    var journal: Set<InstanceName> = []
    /// Nothing can be written.
    var isFull = false
    /// A snapshot is to be written; `isDurable`: before anything else happens.
    var isDue = false
    var isDurable = false

    mutating func ask(durable: Bool) {
        isDue = true
        if durable { isDurable = true }
    }

    /// Whether the snapshot was written.
    mutating func save(_ machine: StackMachine, wishes: [InstanceName: Bool]) -> Bool {
        guard isDue, !isFull else { return false }
        memories = machine.instances.mapValues(\.memory)
        self.wishes = wishes
        journal = []
        isDue = false
        isDurable = false
        return true
    }

    /// What the next supervisor is told, besides which processes still run.
    var remembered: [InstanceName: StackMachine.Memory] {
        var known = memories
        for name in journal {
            known[name]?.wasStopping = false
            known[name]?.isOwed = false
            known[name]?.handled = nil
        }
        return known
    }
}
