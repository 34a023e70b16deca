import Control
import CoreTypes
import Glibc

/// The runs that began, or said they are ready, since the last snapshot, a line each: a snapshot waits for its
/// second, a line does not.
///
/// The marks in their environments find most children, but not one that writes over its environment.
final class RunJournal {
    private let path: String
    private let boot: String
    private var descriptor: Int32 = -1
    private var pending: [UInt8] = []
    private var isEmpty = false

    init(path: String, boot: String) {
        self.path = path
        self.boot = boot
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func add(_ main: Children.Main, isReady: Bool = false) {
        let record = RunRecord(
            boot: boot, instance: main.instance, pid: main.pid, startTime: main.startTime,
            invocation: main.invocation, isReady: isReady)
        pending.append(contentsOf: record.line.utf8)
    }

    var hasPending: Bool { !pending.isEmpty }

    /// One write for all that began in a turn of the loop. What cannot be written is left to the marks.
    func flush() {
        guard hasPending, reopen() else { return }
        _ = write(descriptor, pending, pending.count)
        pending.removeAll(keepingCapacity: pending.capacity <= 16 << 10)
        isEmpty = false
    }

    /// A snapshot has everything.
    func clear() {
        pending = []
        guard !isEmpty, reopen() else { return }
        isEmpty = ftruncate(descriptor, 0) == 0
    }

    private func reopen() -> Bool {
        if descriptor < 0 { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640) }
        return descriptor >= 0
    }

    /// The snapshot with what began after it; without a snapshot of this boot there is nothing to add to.
    func complete(_ snapshot: Snapshot) -> Snapshot {
        guard snapshot.boot == boot, let bytes = try? Files.read(path) else { return snapshot }
        var complete = snapshot
        for run in RunRecord.all(in: bytes) where run.boot == boot {
            let name = run.instance.description
            // What the probes said was of another run.
            if complete.instances[name]?.invocation != run.invocation { complete.instances[name]?.healthy = nil }
            complete.instances[name]?.pid = run.pid
            complete.instances[name]?.startTime = run.startTime
            complete.instances[name]?.invocation = run.invocation
            complete.instances[name]?.ready = run.isReady ? true : nil
            // The snapshot is from before this run: what it says of the one before, or of this one as due, is over.
            complete.instances[name]?.stopping = nil
            complete.instances[name]?.owed = nil
            complete.instances[name]?.handled = nil
        }
        return complete
    }
}
