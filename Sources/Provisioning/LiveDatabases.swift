package import CoreTypes
import Dispatch
import FoundationEssentials
package import Host
import Probing

/// MongoDB and Redis on loopback, through their drivers.
package struct LiveDatabases: Databases {
    private static let timeout = Duration.seconds(5)

    package init() {}

    package func redis(port: Int, password: Secret?) async -> DatabaseAnswer {
        let endpoint = Endpoint(port: port, credentials: password.map { Endpoint.Credentials(password: $0) })
        return await blocking { DatabaseAnswer(RedisProbe(endpoint, timeout: Self.timeout).check()) }
    }

    package func mongo(port: Int, login: MongoLogin?) async -> DatabaseAnswer {
        await blocking {
            let probe = Self.probe(port, login)
            guard login == nil else { return DatabaseAnswer(probe.check()) }
            // A ping is answered to everybody; a list of databases is not.
            do {
                try probe.run("{\"listDatabases\": 1, \"nameOnly\": true}", on: "admin")
                return .welcome(version: nil)
            } catch let refusal as MongoRefusal where refusal == .unauthorized {
                return .denied
            } catch let failure as StoreFailure {
                return DatabaseAnswer(.unhealthy(failure))
            } catch { return .away("\(error)") }
        }
    }

    package func admitRedisPassword(port: Int, _ password: Secret, login: Secret) async throws {
        let endpoint = Endpoint(port: port, credentials: Endpoint.Credentials(password: login))
        let result = await blocking { Result { try RedisProbe(endpoint, timeout: Self.timeout).admit(password) } }
        try result.get()
    }

    package func mongoRoles(port: Int, of user: String, login: MongoLogin) async throws -> Set<MongoUser.Role>? {
        let result = await blocking {
            Result { try Self.probe(port, login).run("{\"usersInfo\": \(Self.quoted(user))}", on: login.database) }
        }
        let found = try JSONDecoder().decode(FoundUsers.self, from: Data(result.get().utf8)).users.first
        return found.map { Set($0.roles.map { MongoUser.Role($0.role, on: $0.db) }) }
    }

    /// The part of a reply to `usersInfo` that we look at.
    private struct FoundUsers: Decodable {
        struct User: Decodable { let roles: [Role] }
        struct Role: Decodable {
            let role: String
            let db: String
        }
        let users: [User]
    }

    package func putMongoUser(port: Int, _ user: MongoUser, login: MongoLogin?) async throws {
        let result = await blocking {
            Result {
                let probe = Self.probe(port, login)
                do { try probe.run(Self.command("createUser", user), on: user.login.database) } catch let refusal
                    as MongoRefusal
                    where refusal == .userExists
                {
                    try probe.run(Self.command("updateUser", user), on: user.login.database)
                }
            }
        }
        try result.get()
    }

    private static func probe(_ port: Int, _ login: MongoLogin?) -> MongoProbe {
        MongoProbe(
            Endpoint(
                port: port,
                credentials: login.map { Endpoint.Credentials(user: $0.name, password: $0.password) }),
            authenticationDatabase: login?.database ?? "admin", timeout: Self.timeout)
    }

    private static func command(_ verb: String, _ user: MongoUser) -> String {
        let roles = user.roles.map { "{\"role\": \(quoted($0.name)), \"db\": \(quoted($0.database))}" }
        return "{\(quoted(verb)): \(quoted(user.login.name)), \"pwd\": \(quoted(user.login.password.reveal())), "
            + "\"roles\": [\(roles.joined(separator: ", "))], \"mechanisms\": [\"SCRAM-SHA-256\"]}"
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// The drivers block, which a thread of Swift's own few must not.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }
}

extension DatabaseAnswer {
    init(_ health: StoreHealth) {
        self =
            switch health {
            case .healthy(let version, _): .welcome(version: version)
            case .unhealthy(.authentication): .denied
            case .unhealthy(.unprotected): .unprotected
            case .unhealthy(let failure): .away(failure.description)
            }
    }
}
