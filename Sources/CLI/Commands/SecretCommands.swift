import ArgumentParser
import CoreTypes
import Host
import Profiles
import Secrets
import SystemPackage

struct SecretCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Look at the secrets of the installation, and change them.",
        subcommands: [List.self, Generate.self, Rotate.self, Show.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Name each secret and its file; never its value.")
        @OptionGroup var options: GlobalOptions

        func run() throws {
            let layout = try options.layout
            let installation = try Installation(
                at: layout, on: options.invocation.host, doing: "list the secrets")
            let store = SecretStore(folder: layout.secrets, files: installation.host.files)
            let missing = Set(try store.missing(installation.profile.secrets).map(\.name))
            try options.show(
                SecretListAnswer(
                    secrets: try installation.profile.secrets.map {
                        .init(
                            name: $0.name.description, file: layout.secrets.appending($0.name.description).string,
                            isPresent: !missing.contains($0.name), isRotating: try store.next($0.name) != nil)
                    }))
        }
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate", abstract: "Generate what is missing; what is there stays as it is.")
        @OptionGroup var options: GlobalOptions

        func run() async throws { try options.show(try await options.rotation(doing: "generate secrets").generate()) }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Give a secret a new value: where it is asked for, in its file, and to what runs with it.",
            discussion: """
                A rotation that was stopped is finished by the next one, and by 'bedplate install'. What runs with the
                secret is restarted, one instance after the other.
                """)
        @OptionGroup var options: GlobalOptions

        @Argument(help: "The secret, as in REDIS_PASSWORD.")
        var name: String

        @Option(help: "How long an instance may take to become healthy again, as in 60s.")
        var timeout = "60s"

        func run() async throws {
            let doing = "rotate the secret"
            let limit: TimeSpan
            do { limit = try TimeSpan(timeout) } catch {
                throw OperatorError(doing: doing, because: "\(error)", exit: .usage)
            }
            try options.show(
                try await options.rotation(doing: doing).rotate(name, within: limit.duration, doing: doing))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one secret's value, when asked with --reveal.")
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
        let isRotating: Bool

        fileprivate var state: String { isRotating ? "being rotated" : isPresent ? "" : "missing" }
    }

    var text: String {
        Table(header: ["SECRET", "FILE", ""], rows: secrets.map { [$0.name, $0.file, $0.state] }).text
    }
}

extension GlobalOptions {
    fileprivate func rotation(doing: String) throws -> SecretRotation {
        let layout = try layout
        let invocation = try invocation
        return SecretRotation(
            installation: try Installation(at: layout, on: invocation.host, doing: doing),
            client: invocation.supervisor(layout.control), terminal: invocation.terminal)
    }
}

private struct SecretAnswer: Answer {
    let name: String
    let value: String

    var text: String { value }
}
