import CoreTypes

/// The spawns the machine asked for and the loop has not come to yet, in order.
struct SpawnQueue {
    private var waiting: [(InstanceName, RunID)] = []
    private var served = 0

    var isEmpty: Bool { served == waiting.count }

    mutating func append(_ name: InstanceName, _ run: RunID) { waiting.append((name, run)) }

    mutating func next() -> (InstanceName, RunID)? {
        guard !isEmpty else { return nil }
        defer {
            served += 1
            if isEmpty {
                waiting = []
                served = 0
            }
        }
        return waiting[served]
    }
}
