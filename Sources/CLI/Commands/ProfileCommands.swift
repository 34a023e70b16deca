import ArgumentParser
import CoreTypes
import Host
import Profiles
import SystemPackage

struct ProfileCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Look at profiles.",
        subcommands: [Validate.self, Show.self, Schema.self])

    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "validate",
            abstract: "Check a profile and say everything that is wrong with it, with file and line.")
        @OptionGroup var options: GlobalOptions

        @Argument(help: "Profile files; a later one is laid over the first.")
        var files: [String]

        @Option(help: ArgumentHelp("Override a value.", valueName: "key=value"))
        var set: [String] = []

        func run() throws {
            let host = try options.invocation.host
            let sources = try files.map { file in
                let path = try options.invocation.absolute(file)
                guard let bytes = try host.files.readIfPresent(path, limit: ProfileSource.limit) else {
                    throw OperatorError(
                        doing: "validate the profile", because: "there is no file \(file)", exit: .usage)
                }
                return ProfileSource(name: file, bytes: bytes)
            }
            let loader = ProfileLoader(base: sources[0], overlays: Array(sources.dropFirst()), settings: set)
            let profile: Profile
            do throws(ProfileProblems) { profile = try loader.load().profile } catch {
                throw error.operatorError(doing: "validate the profile")
            }
            try options.show(ValidAnswer(profile: profile.name, processes: profile.processes.count))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print the profile in force: every value and where it comes from.")
        @OptionGroup var options: GlobalOptions

        func run() throws {
            let installation = try Installation(
                at: options.layout, on: options.invocation.host, doing: "show the profile")
            try options.show(EffectiveProfileAnswer(installation.loaded))
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema", abstract: "Print the JSON Schema of profiles, for editors.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try options.invocation.terminal.result(ProfileSchema.json()) }
    }
}

private struct ValidAnswer: Answer {
    let profile: String
    let processes: Int

    var text: String {
        "the profile '\(profile)' is valid: \(processes == 1 ? "one process" : "\(processes) processes")"
    }
}

private struct EffectiveProfileAnswer: Answer {
    let values: [Value]

    struct Value: Encodable {
        let key: String
        let value: String
        let origin: String
    }

    init(_ loaded: LoadedProfile) {
        values = loaded.entries.map { Value(key: $0.path.description, value: $0.text, origin: $0.origin.description) }
    }

    var text: String {
        Table(header: ["KEY", "VALUE", "FROM"], rows: values.map { [$0.key, $0.value, $0.origin] }).text
    }
}
