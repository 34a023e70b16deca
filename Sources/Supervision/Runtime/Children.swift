import CLinux
import CoreTypes
import Glibc

/// The processes we started or adopted, and whom they belong to.
final class Children {
    struct Main {
        let instance: InstanceName
        let run: RunID
        let pid: Int32
        /// In clock ticks since boot.
        let startTime: UInt64
        let invocation: String
        /// Only for one that an earlier supervisor started: the kernel tells us of its end through this.
        let pidfd: Int32?
        var hasEnded = false
    }

    enum Reaped {
        case main(Main, End)
        case probe(pid: Int32, End)
        case stranger
    }

    private var mains: [RunID: Main] = [:]
    private var runs: [Int32: RunID] = [:]
    private var probes: [Int32: ProbeID] = [:]

    func add(_ main: Main) {
        mains[main.run] = main
        runs[main.pid] = main.run
    }

    func add(probe: ProbeID, pid: Int32) { probes[pid] = probe }

    func main(of run: RunID) -> Main? { mains[run] }

    func isRunning(_ run: RunID?) -> Bool { run.flatMap { mains[$0] }.map { !$0.hasEnded } ?? false }

    /// The main process that a process descends from, by its session or its parents; `nil` when it is of no run. A
    /// process can leave its session and can lose its parents, but never join those of another run.
    func main(above pid: Int32) -> Main? {
        var pid = pid
        // Deeper trees of processes have better ways to speak.
        for _ in 0..<32 {
            if let run = runs[pid] { return mains[run] }
            guard let entry = ProcessTable.entry(pid) else { return nil }
            if let run = runs[entry.session] { return mains[run] }
            guard entry.parent > 1, entry.parent != getpid() else { return nil }
            pid = entry.parent
        }
        return nil
    }

    func isKnown(_ pid: Int32) -> Bool { runs[pid] != nil || probes[pid] != nil }

    /// One ended child of ours, or an orphan that fell to us; `nil` when there is none.
    func reap() -> Reaped? {
        var status: Int32 = 0
        let pid = linux_reap(&status)
        guard pid > 0 else { return nil }
        let end: End = status < 0 ? .killed(SignalNumber(number: -status)) : .exited(status)
        if probes.removeValue(forKey: pid) != nil { return .probe(pid: pid, end) }
        guard let main = markEnded(pid) else { return .stranger }
        return .main(main, end)
    }

    /// The main process with this pid is gone.
    func markEnded(_ pid: Int32) -> Main? {
        guard let run = runs.removeValue(forKey: pid) else { return nil }
        mains[run]?.hasEnded = true
        if let pidfd = mains[run]?.pidfd { close(pidfd) }
        return mains[run]
    }

    /// Whether anybody of the process group is left. The number stays taken for as long as there is.
    func groupRemains(_ main: Main) -> Bool {
        kill(-main.pid, 0) == 0 || errno == EPERM
    }

    /// Sends a signal to the group of a run; a number that may be somebody else's by now gets none.
    func signalGroup(_ run: RunID, _ signal: SignalNumber) {
        guard let main = mains[run] else { return }
        if let pidfd = main.pidfd, !main.hasEnded, linux_pidfd_send_signal(pidfd, 0) != 0 { return }
        kill(-main.pid, signal.number)
    }

    /// Sends a signal to the main process alone; whether it was there.
    func signalMain(_ run: RunID, _ signal: SignalNumber) -> Bool {
        guard let main = mains[run], !main.hasEnded else { return false }
        if let pidfd = main.pidfd { return linux_pidfd_send_signal(pidfd, signal.number) == 0 }
        return kill(main.pid, signal.number) == 0
    }

    func forget(_ run: RunID) -> Main? { mains.removeValue(forKey: run) }
}
