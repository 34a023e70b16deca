import ArgumentParser
import CoreTypes
import Host
import SystemPackage

struct TrialCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trial", abstract: "Run the whole stack under one folder, without systemd.",
        subcommands: [StartTrial.self, TrialStatus.self, StopTrial.self])

    struct StartTrial: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Provision what is missing, start what is down, wait until it is healthy.")
        @OptionGroup var options: GlobalOptions

        @Option(help: "Take programs, profiles and the console from this checkout and its build.")
        var checkout: String?

        @Option(help: "The profile to run instead of the shipped one.")
        var profile: String?

        @Option(help: ArgumentHelp("Override a value of the profile; kept for later runs.", valueName: "key=value"))
        var set: [String] = []

        @Option(help: "How long everything may take to become healthy, as in 60s.")
        var timeout = "60s"

        func run() async throws {
            let invocation = try options.invocation
            let limit: TimeSpan
            do { limit = try TimeSpan(timeout) } catch {
                throw OperatorError(doing: "start the trial", because: "\(error)", exit: .usage)
            }
            let source = checkout.map {
                TrialSource(programs: invocation.programs, checkout: invocation.absolute($0))
            }
            let request = TrialRequest(
                source: source, profile: profile.map(invocation.absolute), settings: set, limit: limit.duration)
            try options.show(try await options.trial.start(request))
        }
    }

    struct TrialStatus: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Say which slot is live and how every instance is.")
        @OptionGroup var options: GlobalOptions

        func run() throws {
            var options = options
            options.root = try options.trial.layout.root.string
            try options.show(try StatusAnswer(options, doing: "show the trial's status"))
        }
    }

    struct StopTrial: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "Stop the whole stack; data and secrets are kept.")
        @OptionGroup var options: GlobalOptions

        func run() async throws { try options.show(try await options.trial.stop()) }
    }
}

extension GlobalOptions {
    /// The trial below `--root`, this program's own root, or `.trial` in the working directory.
    fileprivate var trial: Trial {
        get throws {
            let invocation = try invocation
            let layout = try layout(otherwise: invocation.absolute(".trial"))
            return Trial(
                host: invocation.host, layout: layout, terminal: invocation.terminal,
                client: invocation.supervisor(layout.control))
        }
    }
}
