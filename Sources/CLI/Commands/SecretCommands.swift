import ArgumentParser
import CoreTypes
import Host
import Profiles
import Secrets
import SystemPackage

struct SecretCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Look at the secrets of the installation.",
        subcommands: [List.self, Show.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Name each secret and its file; never its value.")
        @OptionGroup var options: GlobalOptions

        func run() throws {
            let layout = try options.layout
            let installation = try Installation(
                at: layout, on: options.invocation.host, doing: "list the secrets")
            let store = SecretStore(folder: layout.secrets, files: installation.host.files)
            let missing = Set(try store.missing(installation.profile.secrets).map(\.name))
            try options.show(
                SecretListAnswer(
                    secrets: installation.profile.secrets.map {
                        .init(
                            name: $0.name.description, file: layout.secrets.appending($0.name.description).string,
                            isPresent: !missing.contains($0.name))
                    }))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one secret's value, when asked with --reveal.")
        @OptionGroup var options: GlobalOptions

        @Argument(help: "The secret, as in SETUP_TOKEN.")
        var name: String

        @Flag(help: "Really print the value.")
        var reveal = false

        func run() throws {
            let doing = "show the secret"
            let layout = try options.layout
            let name: SecretName
            do { name = try SecretName(self.name) } catch {
                throw OperatorError(doing: doing, because: "\(error)", next: "bedplate secrets list", exit: .usage)
            }
            guard reveal else {
                throw OperatorError(
                    doing: doing, because: "it would appear on the screen",
                    next: "add --reveal, or read \(layout.secrets.appending(name.description))", exit: .usage)
            }
            let store = SecretStore(folder: layout.secrets, files: try options.invocation.host.files)
            try options.show(SecretAnswer(name: name.description, value: try store.secret(name).reveal()))
        }
    }
}

private struct SecretListAnswer: Answer {
    let secrets: [Entry]

    struct Entry: Encodable {
        let name: String
        let file: String
        let isPresent: Bool
    }

    var text: String {
        Table(
            header: ["SECRET", "FILE", ""], rows: secrets.map { [$0.name, $0.file, $0.isPresent ? "" : "missing"] }
        ).text
    }
}

private struct SecretAnswer: Answer {
    let name: String
    let value: String

    var text: String { value }
}
