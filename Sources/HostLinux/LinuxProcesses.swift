import Glibc
package import Host
import Subprocess
import Synchronization
import SystemPackage

/// Runs commands: a clean environment, a session of their own, output read to its end and bounded, a time limit that
/// holds for everything the command started.
package struct LinuxProcesses: ProcessRunner {
    /// How much of each stream is kept: its end, where the reason for a failure is.
    static let outputLimit = 1 << 20
    /// Between TERM and KILL when the time is up.
    static let grace = Duration.seconds(1)

    package init() {}

    package func run(_ command: Command, timeout: Duration) async throws -> CommandResult {
        try await run(command, timeout: timeout) { _ in }
    }

    package func run(
        _ command: Command, timeout: Duration, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult {
        let output = Tail(limit: Self.outputLimit, hearing: listener)
        let errors = Tail(limit: Self.outputLimit, hearing: listener)
        let executioner = Executioner(timeout: timeout)
        defer { executioner.dismiss() }
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ]
        do {
            let (executable, arguments) = Self.words(of: command)
            let result = try await Subprocess.run(
                .path(executable), arguments: Arguments(arguments),
                environment: .custom(environment(of: command)), platformOptions: options,
                input: .none, output: .sequence, error: .sequence
            ) { execution in
                executioner.watch(execution.processIdentifier.value)
                // However reading ends, the group must be dead before its number is given back.
                do {
                    async let drained: Void = errors.drain(execution.standardError)
                    try await output.drain(execution.standardOutput)
                    try await drained
                } catch {
                    guard await executioner.isDone() else { throw error }
                }
                _ = await executioner.isDone()
            }
            let status: CommandResult.Status =
                switch result.terminationStatus {
                case _ where executioner.hasActed: .timedOut
                case .exited(let code): .exited(code)
                case .signaled(let signal): .signalled(signal)
                }
            return CommandResult(status: status, output: output.text, errors: errors.text)
        } catch let error as SubprocessError where error.code == .executableNotFound || error.code == .spawnFailed {
            throw HostError.notStarted(
                command: command.executable.string, errno: error.underlyingError ?? .noSuchFileOrDirectory)
        }
    }

    /// Exactly this and nothing of ours: what a command does must not depend on who typed it.
    static func variables(of command: Command) -> [String: String] {
        ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
            .merging(command.environment) { _, own in own }
    }

    /// flock(1) holds the lock for as long as the command runs, and answers what the command answers.
    private static func words(of command: Command) -> (FilePath, [String]) {
        guard let lock = command.marks else { return (command.executable, command.arguments) }
        return (
            "/usr/bin/flock", ["--shared", "--close", lock.string, command.executable.string] + command.arguments
        )
    }

    private func environment(of command: Command) -> [Environment.Key: String] {
        var keyed: [Environment.Key: String] = [:]
        for (name, value) in Self.variables(of: command) {
            if let key = Environment.Key(rawValue: name) { keyed[key] = value }
        }
        return keyed
    }
}

/// Ends a command's whole process group when its time is up: TERM, then KILL, whether or not the leader is gone, since
/// what it started may ignore TERM.
private final class Executioner: Sendable {
    private let timeout: Duration
    private let hasBegun = Atomic(false)
    private let work = Mutex<Task<Void, Never>?>(nil)

    init(timeout: Duration) { self.timeout = timeout }

    var hasActed: Bool { hasBegun.load(ordering: .acquiring) }

    func watch(_ leader: pid_t) {
        work.withLock {
            $0 = Task { [timeout] in
                do { try await Task.sleep(for: timeout) } catch { return }
                hasBegun.store(true, ordering: .releasing)
                kill(-leader, SIGTERM)
                // Cut short only when the command's group is gone.
                do { try await Task.sleep(for: LinuxProcesses.grace) } catch { return }
                kill(-leader, SIGKILL)
            }
        }
    }

    /// Waits for the end of what has begun; false when nothing has.
    func isDone() async -> Bool {
        guard hasActed, let task = work.withLock({ $0 }) else { return false }
        await task.value
        return true
    }

    func dismiss() { work.withLock { $0?.cancel() } }
}
