package import Host
import Synchronization
package import SystemPackage

/// Commands that do what the test says.
package final class FakeProcesses: ProcessRunner {
    package typealias Answer = @Sendable (Command) throws -> CommandResult

    private struct State {
        var answers: [FilePath: Answer] = [:]
        var children: (@Sendable (Int32) -> [RunningProcess])?
        var started: [Command] = []
        var detached: Int32?
    }
    private let faults: Faults
    private let state = Mutex(State())

    private let disk: FakeFiles

    init(faults: Faults, disk: FakeFiles) {
        self.faults = faults
        self.disk = disk
    }

    /// Every command that was run, in order.
    package var history: [Command] { state.withLock { $0.started } }

    package func onRun(_ executable: FilePath, _ answer: @escaping Answer) {
        state.withLock { $0.answers[executable] = answer }
    }

    package func onChildren(_ answer: @escaping @Sendable (Int32) -> [RunningProcess]) {
        state.withLock { $0.children = answer }
    }

    /// The pid that every detached program gets.
    package func onStartDetached(pid: Int32) { state.withLock { $0.detached = pid } }

    package func run(_ command: Command, timeout: Duration) async throws -> CommandResult {
        try faults.change()
        let answer = try state.withLock { state -> Answer in
            state.started.append(command)
            guard let answer = state.answers[command.executable] else {
                // A command that says what it leaves behind has left it.
                if let traces = command.leaves {
                    return { [disk, faults] _ in
                        guard traces.isEmpty || !faults.isFull() else {
                            return CommandResult(
                                status: .exited(2), output: "", errors: "tar: a: Cannot write: No space left on device")
                        }
                        disk.leave(traces)
                        return CommandResult(status: .exited(0), output: "", errors: "")
                    }
                }
                throw Unmocked(
                    effect: "running \(command)",
                    remedy: "host.commands.onRun(\"\(command.executable)\") { command in … }")
            }
            return answer
        }
        return try answer(command)
    }

    package func startDetached(_ command: Command, log: FilePath) throws -> Int32 {
        try faults.change()
        return try state.withLock { state in
            state.started.append(command)
            guard let pid = state.detached else {
                throw Unmocked(effect: "starting \(command)", remedy: "host.commands.onStartDetached(pid: 1234)")
            }
            return pid
        }
    }

    package func children(of pid: Int32) throws -> [RunningProcess] {
        try faults.read()
        guard let answer = state.withLock({ $0.children }) else {
            throw Unmocked(
                effect: "looking for the children of process \(pid)", remedy: "host.commands.onChildren { _ in [] }")
        }
        return answer(pid)
    }
}
