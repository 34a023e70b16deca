import ArgumentParser
import FoundationEssentials
import Platform
import SystemPackage

struct Listen: ParsableArguments {
    @Option(help: "The port to listen on.")
    var port: Int
    @Option(help: "The address to listen on.")
    var address = "127.0.0.1"
}

struct APICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "api", abstract: "Serve the HTTP API.")
    @OptionGroup var listen: Listen

    func run() async throws {
        try await report {
            let address = try ListenAddress(host: listen.address, port: listen.port, program: "api")
            try await Programs.api(at: address, environment: ProcessInfo.processInfo.environment)
        }
    }
}

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", abstract: "Unpack uploads.")

    func run() async throws {
        try await report { try await Programs.worker(environment: ProcessInfo.processInfo.environment) }
    }
}

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "engine", abstract: "Scan what was unpacked.")

    func run() async throws {
        try await report { try await Programs.engine(environment: ProcessInfo.processInfo.environment) }
    }
}

struct WebCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "web", abstract: "Serve the console.")
    @OptionGroup var listen: Listen
    @Option(help: "The folder with index.html and assets.")
    var files: String

    func run() async throws {
        try await report {
            let address = try ListenAddress(host: listen.address, port: listen.port, program: "web")
            try await Programs.web(
                at: address, files: FilePath(files), environment: ProcessInfo.processInfo.environment)
        }
    }
}
