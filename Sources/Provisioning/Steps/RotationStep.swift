package import CoreTypes
package import Host
import Secrets
package import SystemPackage

/// Brings the new values of secrets into use that a rotation has made: first to the server that asks for them, then to
/// their own files, then to what is made of them. A rotation that was killed is gone on with by whoever runs this step
/// next; where none is under way there is nothing to do.
package struct RotationStep: Step {
    package let title: String
    private let rotated: [SecretDeclaration]
    private let all: [SecretDeclaration]
    private let server: Server
    private let folder: FilePath

    /// Who asks for the secrets, besides the application.
    package enum Server: Sendable {
        case none
        case redis(port: Int)
        case mongo(port: Int, application: String, databases: [String])

        /// Its name, where it is there only for some secrets.
        fileprivate var secrets: Set<String>? {
            switch self {
            case .none: nil
            case .redis: ["REDIS_PASSWORD"]
            case .mongo: ["MONGO_ROOT_PASSWORD", "MONGO_PASSWORD"]
            }
        }
    }

    /// `others`: the servers that have a step of their own, when this one is for all other secrets.
    package init(
        _ declarations: [SecretDeclaration], at server: Server = .none, besides others: [Server] = [], folder: FilePath
    ) {
        let taken = others.reduce(into: Set<String>()) { $0.formUnion($1.secrets ?? []) }
        all = declarations
        rotated = declarations.filter { declaration in
            let name = declaration.name.description
            return server.secrets.map { $0.contains(name) } ?? !taken.contains(name)
        }
        self.server = server
        self.folder = folder
        title =
            switch server {
            case .none: "rotation of secrets"
            case .redis: "rotation of redis' password"
            case .mongo: "rotation of mongodb's passwords"
            }
    }

    /// How far a rotation is.
    package struct Progress: Hashable, Sendable {
        package var name: SecretName
        /// Whether the server takes the new value.
        package var isKnown: Bool
        package var isOldKept: Bool
        package var isCommitted: Bool
        /// What is made of this secret and still has the old value in it.
        package var stale: [SecretName]
    }

    package func check(_ host: any Host) async throws -> [Progress] {
        let store = SecretStore(folder: folder, files: host.files)
        var found: [Progress] = []
        for declaration in rotated {
            let name = declaration.name
            guard let next = try store.next(name) else { continue }
            let isCommitted = try store.isCommitted(name)
            let isKnown = if isCommitted { true } else { await isKnown(next, of: name, on: host) }
            found.append(
                Progress(
                    name: name, isKnown: isKnown,
                    isOldKept: try isCommitted || store.isOldKept(name, as: previous(of: name)),
                    isCommitted: isCommitted,
                    stale: try made(of: name).filter { try !isCommitted || !store.isUpToDate($0) }.map(\.name)))
        }
        return found
    }

    package func plan(_ facts: [Progress]) -> [Change] {
        facts.flatMap { progress -> [Change] in
            let name = progress.name.description
            var changes: [Change] = []
            if !progress.isKnown { changes.append(Change("\(name) server", "let \(holder) take the new \(name)")) }
            if !progress.isOldKept {
                let place = previous(of: progress.name).map { ", also as \($0)" } ?? ""
                changes.append(Change("\(name) old", "keep the old \(name)\(place)"))
            }
            if !progress.isCommitted { changes.append(Change("\(name) value", "give \(name) its new value")) }
            return changes + progress.stale.map { Change("\($0)", "make \($0) of the new \(name)") }
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let store = SecretStore(folder: folder, files: host.files)
        for declaration in all where declaration.name.description == change.subject { try store.renew(declaration) }
        for name in rotated.map(\.name) {
            switch change.subject {
            case "\(name) server":
                guard let next = try store.next(name) else { return }
                try await tell(next, of: name, on: host, store)
            case "\(name) old": try store.keepOld(name, as: previous(of: name))
            case "\(name) value": try store.commit(name)
            default: continue
            }
        }
    }

    private var holder: String {
        switch server {
        case .none: "everybody"
        case .redis: "Redis"
        case .mongo: "MongoDB"
        }
    }

    private func previous(of name: SecretName) -> SecretName? {
        all.first { $0.generator == .previous(of: name.description) }?.name
    }

    private func made(of name: SecretName) -> [SecretDeclaration] {
        all.filter { $0.generator.source == name.description }
    }

    private func isKnown(_ next: Secret, of name: SecretName, on host: any Host) async -> Bool {
        switch server {
        case .none: return true
        case .redis(let port):
            // One that is down takes the new password from its configuration when it starts.
            switch await host.databases.redis(port: port, password: next) {
            case .welcome, .away: return true
            case .denied, .unprotected: return false
            }
        case .mongo(let port, let application, _):
            let user = name.description == "MONGO_PASSWORD" ? application : "root"
            return await host.databases.mongo(port: port, login: MongoLogin(name: user, password: next)).isWelcome
        }
    }

    private func tell(_ next: Secret, of name: SecretName, on host: any Host, _ store: SecretStore) async throws {
        switch server {
        case .none: return
        case .redis(let port):
            try await host.databases.admitRedisPassword(port: port, next, login: store.secret(name))
        case .mongo(let port, let application, let databases):
            let root = MongoLogin(name: "root", password: try store.secret(SecretName("MONGO_ROOT_PASSWORD")))
            let user =
                name.description == "MONGO_PASSWORD"
                ? MongoUser(
                    MongoLogin(name: application, password: next), roles: MongoUsersStep.roles(databases))
                : MongoUser(MongoLogin(name: "root", password: next), roles: MongoUsersStep.rootRoles)
            try await host.databases.putMongoUser(port: port, user, login: root)
        }
    }
}
