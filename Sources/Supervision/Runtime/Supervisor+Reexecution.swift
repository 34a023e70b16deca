import CLinux
import Control
import CoreTypes
import Glibc

/// Becoming another image of the program: same pid, same children, same pipes and sockets.
extension Supervisor {
    /// How long clients that are in the middle of a conversation may hold it up.
    private static let grace = TimeSpan.milliseconds(500)

    /// New clients wait in the socket's queue for the next image; those that were let in are answered first.
    func prepareReexecution() {
        guard reexecutesBy == nil, !machine.isShuttingDown else { return }
        server?.pause()
        reexecutesBy = SystemClock.now + Self.grace
    }

    func reexecuteIfDue() {
        guard let latest = reexecutesBy, server?.isQuiet != false || latest <= SystemClock.now else { return }
        reexecutesBy = nil
        if !machine.isShuttingDown { reexecute() }
        server?.resume()
    }

    /// Runs the program that is installed now in our place. Returns only when that is not possible; then everything
    /// goes on as before.
    private func reexecute() {
        notifier.reloading()
        // Should we stay after all, the questions that are open simply get no answer in time.
        probes?.stopAll()
        schedule.ask(durable: true, at: SystemClock.now)
        save()
        note(.supervisorReexecuting, nil, program, pid: getpid())
        record.flush()
        // What waits in memory for the journal would not come along.
        outlets?.journal.wake(at: SystemClock.now)
        let error = handOver()
        note(.trouble, nil, "the program was not executed anew: \(error)")
        notifier.ready()
    }

    private func handOver() -> SystemError {
        let list = linux_memory_file("bedplated-handover")
        guard list >= 0 else { return SystemError("making the list of descriptors") }
        defer { close(list) }
        let kept = heirlooms
        let text = kept.map { "\($0.name) \($0.descriptor)\n" }.joined()
        do throws(SystemError) {
            try Files.write(Array(text.utf8), to: list, named: "the list of descriptors")
        } catch { return error }
        for descriptor in kept.map(\.descriptor) + [list] { _ = fcntl(descriptor, F_SETFD, 0) }
        defer { for descriptor in kept.map(\.descriptor) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) } }
        var environment = notifier.environment
        environment[InheritedDescriptors.handoverKey] = "\(list)"
        for (key, value) in environment { setenv(key, value, 1) }
        defer { for key in environment.keys { unsetenv(key) } }
        let arguments = CStrings(CommandLine.arguments)
        execv(program, arguments.pointer)
        return SystemError("executing '\(program)'")
    }

    /// What the next image, or systemd, keeps for us.
    private var heirlooms: [(name: String, descriptor: Int32)] {
        var kept = [(DescriptorName.lock, lock.descriptor)]
        if let server { kept.append((DescriptorName.control, server.descriptor)) }
        if let notices { kept.append((DescriptorName.notify, notices.descriptor)) }
        for log in logs.values {
            kept += log.readers.map { (DescriptorName.logPrefix + $0.name, $0.descriptor) }
        }
        return kept + sockets.heirlooms
    }
}

/// The names under which descriptors outlive an image of the program.
enum DescriptorName {
    static let lock = "lock"
    static let control = "control"
    static let notify = "notify"
    /// `log-api@blue.out`
    static let logPrefix = "log-"
    /// `socket-api@blue.http`
    static let socketPrefix = "socket-"
}
