import CoreTypes
package import Host
import Secrets
package import SystemPackage

/// Redis lets us in with the password, and nobody without it.
package struct RedisAccessStep: Step {
    package let title = "access to redis"
    private let port: Int
    private let secrets: FilePath

    package init(port: Int, secrets: FilePath) {
        self.port = port
        self.secrets = secrets
    }

    package struct Facts: Sendable {
        package var ours: DatabaseAnswer
        package var strangers: DatabaseAnswer
    }

    package func check(_ host: any Host) async throws -> Facts {
        let store = SecretStore(folder: secrets, files: host.files)
        let password = try store.secret(SecretName("REDIS_PASSWORD"))
        let ours = try await patient(host) { await host.databases.redis(port: port, password: password) }
        return Facts(ours: ours, strangers: await host.databases.redis(port: port, password: nil))
    }

    package func plan(_ facts: Facts) -> [Change] {
        guard case .welcome = facts.ours, facts.strangers == .denied else {
            return [Change("access", "restart redis-server.service, which \(fault(facts))")]
        }
        return []
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        try await host.units.restart("redis-server.service")
    }

    private func fault(_ facts: Facts) -> String {
        switch (facts.ours, facts.strangers) {
        case (.welcome, .welcome), (.unprotected, _): "lets everybody in"
        case (.denied, _): "refuses our password"
        case (.away(let why), _), (_, .away(let why)): "does not answer: \(why)"
        case (.welcome, _): "answers strangers"
        }
    }
}

/// MongoDB's users: the administrator and the application's, and nobody else is let in.
package struct MongoUsersStep: Step {
    package let title = "users of mongodb"
    private let port: Int
    private let application: String
    private let databases: [String]
    private let secrets: FilePath

    /// `application`: its user's name. `databases`: those it may read, write and index, and nothing else.
    package init(port: Int, application: String, databases: [String], secrets: FilePath) {
        self.port = port
        self.application = application
        self.databases = databases
        self.secrets = secrets
    }

    package struct Facts: Sendable {
        package var root: DatabaseAnswer
        package var application: DatabaseAnswer
        package var strangers: DatabaseAnswer
        /// Of the application's user, where both can be asked.
        package var roles: Set<MongoUser.Role>?
    }

    package func check(_ host: any Host) async throws -> Facts {
        let (root, own) = try logins(host)
        let answer = try await patient(host) { await host.databases.mongo(port: port, login: root) }
        var facts = Facts(
            root: answer, application: await host.databases.mongo(port: port, login: own),
            strangers: await host.databases.mongo(port: port, login: nil))
        if facts.root.isWelcome, facts.application.isWelcome {
            facts.roles = try await host.databases.mongoRoles(port: port, of: application, login: root)
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        if case .away(let why) = facts.root {
            return [Change("mongod", "restart mongod.service, which does not answer: \(why)")]
        }
        guard facts.strangers == .denied else {
            return [Change("mongod", "restart mongod.service, which lets everybody in")]
        }
        var changes: [Change] = []
        if !facts.root.isWelcome { changes.append(Change("root", "create MongoDB's user root, its administrator")) }
        if !facts.application.isWelcome {
            changes.append(
                Change(
                    "application",
                    "create MongoDB's user \(application), for \(databases.joined(separator: ", "))"))
        } else if let roles = facts.roles, roles != Set(Self.roles(databases)) {
            changes.append(
                Change(
                    "application",
                    "let MongoDB's user \(application) do in \(databases.joined(separator: ", ")) what it has to, and "
                        + "nothing else"))
        }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let (root, own) = try logins(host)
        switch change.subject {
        case "mongod": try await host.units.restart("mongod.service")
        case "root":
            do {
                let user = MongoUser(root, roles: Self.rootRoles)
                try await host.databases.putMongoUser(port: port, user, login: nil)
            } catch {
                throw OperatorError(
                    doing: "create MongoDB's user root",
                    because: "it has users already, and our password is not root's (\(error))",
                    next: "write root's password to \(secrets)/MONGO_ROOT_PASSWORD, or move /var/lib/mongodb aside",
                    cause: error)
            }
        default:
            let user = MongoUser(own, roles: Self.roles(databases))
            try await host.databases.putMongoUser(port: port, user, login: root)
        }
    }

    static let rootRoles = [MongoUser.Role("root", on: "admin")]

    /// The roles of the application's user: to read and write, and dbAdmin, which it takes to change how long an index
    /// keeps documents.
    static func roles(_ databases: [String]) -> [MongoUser.Role] {
        databases.flatMap { [MongoUser.Role("readWrite", on: $0), .init("dbAdmin", on: $0)] }
    }

    private func logins(_ host: any Host) throws -> (root: MongoLogin, own: MongoLogin) {
        let store = SecretStore(folder: secrets, files: host.files)
        return (
            MongoLogin(name: "root", password: try store.secret(SecretName("MONGO_ROOT_PASSWORD"))),
            MongoLogin(name: application, password: try store.secret(SecretName("MONGO_PASSWORD")))
        )
    }
}

extension DatabaseAnswer {
    var isWelcome: Bool { if case .welcome = self { true } else { false } }
}

/// Asks again for a while: a server that has just been started is not there yet.
private func patient(_ host: any Host, _ ask: () async -> DatabaseAnswer) async throws -> DatabaseAnswer {
    let watch = Stopwatch(host.clock)
    while true {
        let answer = await ask()
        guard case .away = answer, watch.elapsed < .seconds(30) else { return answer }
        try await host.clock.sleep(for: .milliseconds(100))
    }
}
