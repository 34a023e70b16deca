package import Control
package import Host
package import SystemPackage

/// What a run of `bedplate` was given by its main: the machine, its own place, and where to say things.
package struct Invocation: Sendable {
    package let host: any Host
    /// The folder this program was started from; its siblings are `bedplated`, `bedplate-probe` and `cspm`.
    package let programs: FilePath
    /// What relative paths are relative to.
    package let workingDirectory: FilePath
    package let terminal: any Terminal
    /// The supervisor behind a control socket.
    let supervisor: @Sendable (FilePath) -> any SupervisorClient

    package init(
        host: any Host, programs: FilePath, workingDirectory: FilePath, terminal: any Terminal,
        supervisor: @escaping @Sendable (FilePath) -> any SupervisorClient = { ControlClient(socket: $0.string) }
    ) {
        self.host = host
        self.programs = programs
        self.workingDirectory = workingDirectory
        self.terminal = terminal
        self.supervisor = supervisor
    }

    /// Set once around the parsed command: the argument parser makes the commands, so they cannot be handed it.
    @TaskLocal package static var current: Invocation?

    /// The root that this program belongs to: `/` for `/usr/bin/bedplate`, the trial's for its own copy.
    package var ownRoot: FilePath? {
        guard programs.ends(with: "usr/bin") else { return nil }
        return programs.removingLastComponent().removingLastComponent()
    }
}

/// Where a command says things. Results go to standard output, everything else to standard error.
package protocol Terminal: Sendable {
    func result(_ text: String)
    func progress(_ text: String)
    func failure(_ text: String)
    /// On a screen, shows this as the last line, below all progress, anew each second until the next call; `nil` takes it
    /// away. Nothing elsewhere.
    func status(_ text: (@Sendable () -> String)?)
    /// What a person answers to a question; `nil` where there is nobody to ask.
    func confirm(_ question: String) -> Bool?
}
