import ArgumentParser
import Control
import CoreTypes
import Host
import SystemPackage

/// What every command understands.
struct GlobalOptions: ParsableArguments {
    @Option(help: "Where the installation lives; the root this program belongs to when not given.")
    var root: String?

    @Flag(help: "Answer in JSON.")
    var json = false

    @Flag(help: "Say the cause of a failure too.")
    var verbose = false

    var invocation: Invocation {
        get throws {
            guard let current = Invocation.current else { throw CommandOutsideProgram() }
            return current
        }
    }

    /// The paths below the root, which is `/` when neither an option nor this program's place says otherwise.
    var layout: Layout { get throws { try layout(otherwise: "/") } }

    /// `otherwise`: the root of a `bedplate` that belongs to the whole machine, or to none.
    func layout(otherwise fallback: FilePath) throws -> Layout {
        let invocation = try invocation
        let own = invocation.ownRoot.flatMap { $0 == "/" ? nil : $0 }
        let chosen = root.map { invocation.workingDirectory.pushing(FilePath($0)) } ?? own ?? fallback
        return Layout(root: try invocation.host.files.canonical(chosen))
    }

    /// The supervisor of the installation below the root; refuses a root where nothing is installed.
    var supervisor: any SupervisorClient {
        get throws {
            let layout = try layout
            guard try invocation.host.files.status(layout.profile) != nil else {
                throw Installation.absent(layout, doing: "reach the supervisor")
            }
            return try invocation.supervisor(layout.control)
        }
    }

    func show(_ answer: any Answer) throws {
        try invocation.terminal.result(json ? answer.json() : answer.text)
        guard answer.exit == .done else { throw Ended(with: answer.exit) }
    }
}

/// A command was run without `Program.run` around it: a mistake of ours, not the operator's.
struct CommandOutsideProgram: Error {}

/// The command said everything there is to say; only its exit code is left.
struct Ended: Error {
    let exit: CoreTypes.ExitCode

    init(with exit: CoreTypes.ExitCode) { self.exit = exit }
}

extension Invocation {
    /// An operator's path as an absolute one.
    func absolute(_ text: String) -> FilePath {
        let path = FilePath(text)
        return (path.isAbsolute ? path : workingDirectory.pushing(path)).lexicallyNormalized()
    }
}
