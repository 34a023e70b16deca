package import CoreTypes
import Glibc

/// What `bedplated` was asked on its command line.
package enum Invocation: Equatable {
    case run(stack: String, journal: String?)
    case help
    case version

    package static let defaultStack = "/var/lib/bedplate/stack.json"

    package static let usage = """
        usage: bedplated [--stack PATH] [--journal PATH]

          --stack PATH   the stack to run (default: \(defaultStack))
          --journal PATH where systemd's journal listens, to write events there (default: its own socket when
                         systemd started us, otherwise nowhere)
          --version      print the version
          --help         print this help

        It runs in the foreground until it gets TERM or INT, then stops the stack in order and exits 0.
        Exit codes: 1 it failed to start, 64 wrong arguments or stack, 75 another supervisor runs this stack.

        """

    /// Reads the arguments after the program's name.
    package init(_ arguments: [String]) throws(OperatorError) {
        var stack = Self.defaultStack
        var journal: String?
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h":
                self = .help
                return
            case "--version":
                self = .version
                return
            case "--stack":
                guard let path = rest.popFirst(), !path.isEmpty else {
                    throw Self.wrong("--stack needs a path")
                }
                stack = path
            case let option where option.hasPrefix("--stack="): stack = String(option.dropFirst("--stack=".count))
            case "--journal":
                guard let path = rest.popFirst(), path.hasPrefix("/") else {
                    throw Self.wrong("--journal needs an absolute path")
                }
                journal = path
            default: throw Self.wrong("'\(argument)' is not understood")
            }
        }
        self = .run(stack: stack, journal: journal)
    }

    private static func wrong(_ because: String) -> OperatorError {
        OperatorError(doing: "start bedplated", because: because, next: "see bedplated --help", exit: .usage)
    }
}

/// Does what was asked, and tells how the program ends.
package func runBedplated(_ arguments: [String], version: String) -> ExitCode {
    do throws(OperatorError) {
        switch try Invocation(arguments) {
        case .help: say(Invocation.usage, to: 1)
        case .version: say("bedplated \(version)\n", to: 1)
        case .run(let stack, let journal):
            return try Supervisor(stackPath: stack, journal: journal, version: version).run()
        }
        return .done
    } catch {
        say("bedplated: \(error)\n", to: 2)
        return error.exit
    }
}

/// For the few words that come before there is an event record.
private func say(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = write(descriptor, bytes, bytes.count)
}
