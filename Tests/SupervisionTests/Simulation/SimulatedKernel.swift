import CoreTypes
import Supervision

/// Processes with pids from a small space, so that they are soon used again.
struct SimulatedKernel {
    struct Process {
        let name: InstanceName
        let pid: Int32
        /// Which supervisor's run it is; a run's number alone means nothing to the next supervisor.
        var run: RunID
        /// Which version of its definition it was started from.
        let version: String
        var isLeaderAlive = true
        /// Others of its group outlive it.
        var hasRemainder: Bool
        let ignoresTerm: Bool
        /// A signal that will end it, when its time has come.
        var fate: End?
        /// KILL does nothing for a while: it is stuck in the kernel.
        var isStuck: Bool
    }

    static let pids: ClosedRange<Int32> = 2...24

    private(set) var processes: [Process] = []
    /// Pids that belong to somebody else now.
    private(set) var strangers: Set<Int32> = []
    private var lastPid: Int32 = 1

    var isEmpty: Bool { processes.isEmpty }
    var count: Int { processes.count }

    func index(of run: RunID) -> Int? { processes.firstIndex { $0.run == run } }
    func has(_ name: InstanceName) -> Bool { processes.contains { $0.name == name } }

    subscript(index: Int) -> Process {
        get { processes[index] }
        set { processes[index] = newValue }
    }

    /// The next free pid, round and round as the kernel does it; `nil` when there is none.
    private mutating func takePid() -> Int32? {
        for _ in Self.pids {
            lastPid = lastPid < Self.pids.upperBound ? lastPid + 1 : Self.pids.lowerBound
            if !strangers.contains(lastPid), !processes.contains(where: { $0.pid == lastPid }) { return lastPid }
        }
        return nil
    }

    mutating func spawn(
        _ name: InstanceName, _ run: RunID, version: String, random: inout Randomness
    ) -> Int32? {
        guard let pid = takePid() else { return nil }
        processes.append(
            Process(
                name: name, pid: pid, run: run, version: version, hasRemainder: random.chance(4),
                ignoresTerm: random.chance(4), isStuck: random.chance(8)))
        return pid
    }

    mutating func remove(at index: Int) { processes.remove(at: index) }
    mutating func removeAll(where isGone: (Process) -> Bool) { processes.removeAll(where: isGone) }

    /// Somebody else comes or goes.
    mutating func stir(_ random: inout Randomness) {
        if strangers.count < 6, random.chance(2) {
            if let pid = takePid() { strangers.insert(pid) }
        } else if let pid = strangers.min() {
            strangers.remove(pid)
        }
    }
}

extension Randomness {
    /// One in `count`.
    mutating func chance(_ count: UInt64) -> Bool { next() % count == 0 }
    /// 0 ..< `count`, quick; for a simulation its slight bias does not matter.
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
