import CChild
import CoreTypes
import Glibc
import SystemPackage

/// A program that runs for us and ends with us: it inherits nothing, and neither it nor what it started stays behind.
struct ChildProgram {
    /// The first one is its path.
    let arguments: [String]
    /// All of its environment.
    let environment: [String: String]
    /// Where it runs.
    let folder: FilePath
    /// What takes longer, by the clock, is killed.
    let timeLimit: Duration
    let clock: any Clock<Duration>
    /// In bytes.
    var largestFile: UInt64 = 16 << 20

    enum End: Equatable {
        case exited(Int32)
        case killed(Int32)
        case tooLong
    }

    struct Outcome {
        var end = End.tooLong
        /// The first 64 KiB of standard output.
        var output: [UInt8] = []
        /// The last 8 KiB of standard error.
        var errors: [UInt8] = []
    }

    private static let mostOutput = 64 << 10
    private static let mostErrors = 8 << 10
    /// How long a cancel, or the end of a program, may go unnoticed.
    private static let interval: Int32 = 100

    /// Blocks its thread until the program has ended.
    ///
    /// - Throws: `Interrupted` where it was cancelled and `Errno` where it could not be started; either way nothing is left.
    func run(isCancelled: () -> Bool) throws -> Outcome {
        let output = try FileDescriptor.closingPipe()
        let errors = try FileDescriptor.closingPipe()
        defer { for end in [output.read, errors.read] { try? end.close() } }
        // Its time begins before it does.
        let elapsed = stopwatch(clock)
        let pid = start(output.write, errors.write)
        for end in [output.write, errors.write] { try? end.close() }
        guard pid > 0 else { throw Errno(rawValue: -pid) }

        var outcome = Outcome()
        var isReaped = false
        // The group first: as long as its leader is not reaped, the number is nobody else's.
        func reap() -> Int32 {
            kill(-pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            isReaped = true
            child_group_ends(pid)
            return status
        }
        defer { if !isReaped { _ = reap() } }
        var open = [output.read, errors.read].map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
        while !hasEnded(pid) {
            if isCancelled() { throw Interrupted() }
            guard elapsed() < timeLimit else { return outcome }
            read(&open, into: &outcome, waiting: Self.interval)
        }
        let status = reap()
        // What was written and not yet read; whoever holds the other end now has left the group, and is not waited for.
        while read(&open, into: &outcome, waiting: 0) {}
        outcome.end = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
        return outcome
    }

    private func start(_ output: FileDescriptor, _ errors: FileDescriptor) -> pid_t {
        withCStrings(arguments) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                child_start(
                    arguments, environment, folder.string, output.rawValue, errors.rawValue, largestFile)
            }
        }
    }

    private func hasEnded(_ pid: pid_t) -> Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo == SIGCHLD
    }

    /// Whether anything came.
    @discardableResult
    private func read(_ open: inout [pollfd], into outcome: inout Outcome, waiting milliseconds: Int32) -> Bool {
        guard poll(&open, nfds_t(open.count), milliseconds) > 0 else { return false }
        var piece = [UInt8](repeating: 0, count: 4096)
        var hasCome = false
        for index in open.indices where open[index].revents != 0 {
            let count = Glibc.read(open[index].fd, &piece, piece.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else {
                // Ended; poll passes over it from now on.
                open[index].fd = -1
                continue
            }
            hasCome = true
            if index == 0 {
                outcome.output += piece[..<min(count, Self.mostOutput - outcome.output.count)]
            } else {
                outcome.errors += piece[..<count]
                outcome.errors.removeFirst(max(0, outcome.errors.count - Self.mostErrors))
            }
        }
        return hasCome
    }
}

extension FileDescriptor {
    /// A pipe whose ends no program inherits (who starts one closes all of ours besides); reading does not wait.
    fileprivate static func closingPipe() throws -> (read: FileDescriptor, write: FileDescriptor) {
        let ends = try FileDescriptor.pipe()
        for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends.readEnd.rawValue, F_SETFL, O_NONBLOCK)
        return (ends.readEnd, ends.writeEnd)
    }
}

/// The texts as C has them, with a null at the end; they are overwritten afterwards, for some are secrets.
private func withCStrings<Value>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    let copies = texts.map { strdup($0) }
    defer {
        for copy in copies.compactMap(\.self) {
            explicit_bzero(copy, strlen(copy))
            free(copy)
        }
    }
    return (copies + [nil]).withUnsafeBufferPointer { body($0.baseAddress!) }
}
