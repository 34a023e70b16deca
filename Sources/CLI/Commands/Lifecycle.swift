import ArgumentParser
import Control
import CoreTypes
import Host
import SystemPackage

/// What Start, Stop and Restart share: the instances they are told, and an answer that names them.
struct InstanceArguments: ParsableArguments {
    @Argument(help: "Instances, as in 'api@blue' or 'engine'.")
    var names: [String] = []

    func parsed(doing: String) throws -> [InstanceName] {
        guard !names.isEmpty else {
            throw OperatorError(
                doing: doing, because: "no instance is named", next: "bedplate status lists them", exit: .usage)
        }
        return try names.map { name in
            do { return try InstanceName(name) } catch {
                throw OperatorError(
                    doing: doing, because: "\(error)", next: "bedplate status lists the instances", exit: .usage)
            }
        }
    }
}

struct LifecycleAnswer: Answer {
    let requested: String
    let instances: [InstanceName]

    var text: String { "\(requested): \(instances.map(\.description).joined(separator: ", "))" }
}

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start instances, with what they depend on.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var arguments: InstanceArguments

    func run() throws {
        let instances = try arguments.parsed(doing: "start instances")
        try options.supervisor.start(instances)
        try options.show(LifecycleAnswer(requested: "starting", instances: instances))
    }
}

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop instances, and what depends on them.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var arguments: InstanceArguments

    func run() throws {
        let instances = try arguments.parsed(doing: "stop instances")
        try options.supervisor.stop(instances)
        try options.show(LifecycleAnswer(requested: "stopping", instances: instances))
    }
}

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "restart", abstract: "Restart instances.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var arguments: InstanceArguments

    func run() throws {
        let instances = try arguments.parsed(doing: "restart instances")
        try options.supervisor.restart(instances)
        try options.show(LifecycleAnswer(requested: "restarting", instances: instances))
    }
}
