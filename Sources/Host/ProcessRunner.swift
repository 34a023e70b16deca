package import SystemPackage

/// Runs a command to its end, with a limit in time and in output.
package protocol ProcessRunner: Sendable {
    func run(_ command: Command, timeout: Duration) async throws -> CommandResult
    /// The same, telling each line of what it says, on either stream, as it comes.
    func run(
        _ command: Command, timeout: Duration, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult
    /// Starts a program that outlives us: own session, standard input from /dev/null, output appended to `log`.
    func startDetached(_ command: Command, log: FilePath) throws -> Int32
    /// The processes whose parent is `pid` and that have not ended.
    func children(of pid: Int32) throws -> [RunningProcess]
}

extension ProcessRunner {
    /// Tells the lines when the command has ended.
    package func run(
        _ command: Command, timeout: Duration, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult {
        let result = try await run(command, timeout: timeout)
        for line in (result.output + "\n" + result.errors).split(separator: "\n") { listener(String(line)) }
        return result
    }
}

/// A process of the machine, as its table shows it.
package struct RunningProcess: Hashable, Sendable {
    package let pid: Int32
    /// What it calls itself: its argument vector, joined by spaces; its name in brackets while it has none, as ps(1)
    /// shows it.
    package let title: String

    package init(pid: Int32, title: String) {
        self.pid = pid
        self.title = title
    }
}

/// A command by absolute path. Arguments never hold a secret: they are visible to every user of the machine.
package struct Command: Hashable, Sendable, CustomStringConvertible {
    package let executable: FilePath
    package let arguments: [String]
    package var environment: [String: String]
    /// `nil`: it only tells something. Else it changes the machine, and this is what it is known to leave there.
    package var leaves: [Trace]?
    /// A file that is locked, shared with other commands, until this one has ended: also when we have ended before it.
    package var marks: FilePath?

    package init(_ executable: FilePath, _ arguments: String..., environment: [String: String] = [:]) {
        self.init(executable, arguments: arguments, environment: environment)
    }

    package init(_ executable: FilePath, arguments: [String], environment: [String: String] = [:]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// The same command as one that changes the machine.
    package func leaving(_ traces: [Trace]) -> Command {
        var command = self
        command.leaves = traces
        return command
    }

    package var description: String { ([executable.string] + arguments).joined(separator: " ") }
}

/// How a command ended and what it said.
package struct CommandResult: Hashable, Sendable {
    package let status: Status
    package let output: String
    package let errors: String

    package init(status: Status, output: String, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }

    package enum Status: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
    }

    /// The last lines of what it said on standard error, or on standard output when that is empty.
    package func lastLines(_ count: Int) -> String {
        let text = errors.isEmpty ? output : errors
        return text.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}
