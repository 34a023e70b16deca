import Control
import CoreTypes
import Host
import Profiles
import Provisioning
import Secrets

/// Changes the secrets of an installation, and restarts what runs with them.
struct SecretRotation {
    let installation: Installation
    let client: any SupervisorClient
    let terminal: any Terminal

    private var host: any Host { installation.host }
    private var layout: Layout { installation.layout }
    private var profile: Profile { installation.profile }
    private var store: SecretStore { SecretStore(folder: layout.secrets, files: host.files) }

    func generate() async throws -> SecretChangesAnswer {
        let made = try await run([SecretsStep(folder: layout.secrets, profile.secrets)])
        return SecretChangesAnswer(changes: made, restarted: [])
    }

    func rotate(_ text: String, within limit: Duration, doing: String) async throws -> SecretChangesAnswer {
        let declaration = try rotatable(text, doing: doing)
        _ = try store.secret(declaration.name)
        let begun: [any Step] = [BeginRotationStep(declaration, folder: layout.secrets)]
        let made = try await run(begun + profile.rotations(layout))
        return try await finish(within: limit, doing: doing).after(made)
    }

    /// Restarts what runs with the secrets that are being rotated, then forgets their old values. Nothing is done where
    /// none is.
    func finish(within limit: Duration, doing: String) async throws -> SecretChangesAnswer {
        let pending = try profile.secrets.map(\.name).filter { try store.next($0) != nil }
        guard !pending.isEmpty else { return SecretChangesAnswer(changes: [], restarted: []) }
        let restarted = try await restart(users(of: pending), within: limit, doing: doing)
        // After what runs with the new password: a server that is started again takes the new one only.
        var graph = StepGraph()
        var before: Set<Int> = []
        if profile.services.queue == .redis, pending.contains(where: { $0.description == "REDIS_PASSWORD" }) {
            before = [graph.addRedis(profile, layout, after: [])]
        }
        graph.add(EndRotationStep(pending, folder: layout.secrets), after: before)
        return SecretChangesAnswer(changes: try await run(graph), restarted: restarted)
    }

    private func rotatable(_ text: String, doing: String) throws -> SecretDeclaration {
        guard let declaration = profile.secrets.first(where: { $0.name.description == text }) else {
            let names = profile.secrets.map(\.name.description)
            throw OperatorError(
                doing: doing, because: "there is no secret '\(text)'",
                next: names.closest(to: text).map { "did you mean '\($0)'?" } ?? "bedplate secrets list", exit: .usage)
        }
        if let source = declaration.generator.source {
            throw OperatorError(
                doing: doing, because: "\(text) is made of \(source)", next: "bedplate secrets rotate \(source)",
                exit: .usage)
        }
        if case .previous(let name) = declaration.generator {
            throw OperatorError(
                doing: doing, because: "\(text) is what \(name) was before", next: "bedplate secrets rotate \(name)",
                exit: .usage)
        }
        let keepsPrevious = profile.secrets.contains { $0.generator == .previous(of: text) }
        guard declaration.generator != .fernet || keepsPrevious else {
            throw OperatorError(
                doing: doing, because: "what is encrypted with \(text) could not be read any more",
                next: "declare \(text)_PREVIOUS in the profile when the application reads with both", exit: .usage)
        }
        return declaration
    }

    /// The processes that find one of these secrets, or one that is made of it, when they start.
    private func users(of names: [SecretName]) -> [ProcessDeclaration] {
        let rotated = Set(names.map(\.description))
        let affected = Set(
            profile.secrets.filter { declaration in
                if case .previous(let source) = declaration.generator, rotated.contains(source) { return true }
                return rotated.contains(declaration.name.description)
                    || declaration.generator.source.map(rotated.contains) ?? false
            }.map(\.name))
        return profile.processes.filter { process in
            !affected.isDisjoint(with: process.credentials)
                || !affected.isDisjoint(with: process.secretEnvironment.values)
        }
    }

    /// Instance by instance, each healthy before the next one; those that are down read the secrets when they start.
    private func restart(
        _ processes: [ProcessDeclaration], within limit: Duration, doing: String
    ) async throws -> [InstanceName] {
        let running: [InstanceStatus]
        do { running = try client.status().instances.filter(\.wanted) } catch let error as OperatorError
            where error.exit == .retry
        { return [] }
        let live = try installation.live()
        var restarted: [InstanceName] = []
        for process in processes {
            for instance in running where instance.name.process == process.name {
                terminal.progress("  restart \(instance.name)")
                try client.restart([instance.name])
                try await installation.demandHealth(of: client, live: live, within: limit, doing: doing)
                restarted.append(instance.name)
            }
        }
        return restarted
    }

    private func run(_ steps: [any Step]) async throws -> [String] { try await run(StepGraph(sequence: steps)) }

    private func run(_ graph: StepGraph) async throws -> [String] {
        let terminal = terminal
        let engine = Engine(host: host, layout: layout) { progress in
            if case .changing(_, let change) = progress { terminal.progress("  \(change.sentence)") }
        }
        return try await engine.run(graph).flatMap { $0.changes.map(\.sentence) }
    }
}

/// What was changed about secrets; never a value.
struct SecretChangesAnswer: Answer {
    let changes: [String]
    let restarted: [InstanceName]

    var text: String {
        guard !changes.isEmpty else { return "nothing to change" }
        let again = restarted.map(\.description).joined(separator: ", ")
        return "\(counted(changes.count, "change"))" + (restarted.isEmpty ? "" : "; restarted \(again)")
    }

    func after(_ earlier: [String]) -> SecretChangesAnswer {
        SecretChangesAnswer(changes: earlier + changes, restarted: restarted)
    }
}
