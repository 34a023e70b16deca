package import CoreTypes
package import Host
import Synchronization
import SystemPackage

/// Servers in memory: each runs with the configuration that was on the disk when its unit was last started.
package final class FakeDatabases: Databases {
    private struct State {
        var redisConfiguration = ""
        var mongoConfiguration = ""
        var mongoUsers: [String: String] = [:]
        var mongoRoles: [String: Set<MongoUser.Role>] = [:]
        var admitted: Set<String> = []
    }
    private let faults: Faults
    private let state = Mutex(State())
    // Both outlive this one, which they own.
    private nonisolated(unsafe) weak var machine: FakeMachine?
    private nonisolated(unsafe) weak var disk: FakeFiles?

    init(faults: Faults) { self.faults = faults }

    func attach(_ machine: FakeMachine, _ disk: FakeFiles) {
        self.machine = machine
        self.disk = disk
    }

    /// The configuration that Redis runs with.
    package var redisConfiguration: String { state.withLock { $0.redisConfiguration } }
    package var mongoConfiguration: String { state.withLock { $0.mongoConfiguration } }
    /// Passwords by user.
    package var mongoUsers: [String: String] { state.withLock { $0.mongoUsers } }

    func started(_ unit: String) {
        let redis = disk?.text("/etc/redis/bedplate.conf") ?? ""
        let mongo = disk?.text("/etc/bedplate/mongod.conf") ?? ""
        state.withLock { state in
            if unit == "redis-server.service" {
                state.redisConfiguration = redis
                state.admitted = []
            }
            if unit == "mongod.service" { state.mongoConfiguration = mongo }
        }
    }

    private func isActive(_ unit: String) -> Bool { (try? machine?.states([unit])[unit]?.active) == "active" }

    package func redis(port: Int, password: Secret?) async -> DatabaseAnswer {
        guard isActive("redis-server.service") else { return .away("nothing listens there") }
        let line = redisConfiguration.split(separator: "\n").first { $0.hasPrefix("requirepass ") }
        switch (line?.split(separator: " ").last.map(String.init), password?.reveal()) {
        case (nil, nil): return .welcome(version: "7.0.15")
        case (nil, _): return .unprotected
        case (let wanted, let given):
            let isAdmitted = given.map { given in state.withLock { $0.admitted.contains(given) } } ?? false
            return wanted == given || isAdmitted ? .welcome(version: "7.0.15") : .denied
        }
    }

    package func admitRedisPassword(port: Int, _ password: Secret, login: Secret) async throws {
        try faults.change()
        guard case .welcome = await redis(port: port, password: login) else {
            throw HostError.connection(address: "127.0.0.1", port: port, errno: .permissionDenied)
        }
        state.withLock { _ = $0.admitted.insert(password.reveal()) }
    }

    /// As somebody else changes them.
    package func setMongoRoles(_ roles: Set<MongoUser.Role>, of user: String) {
        state.withLock { $0.mongoRoles[user] = roles }
    }

    package func mongoRoles(port: Int, of user: String, login: MongoLogin) async throws -> Set<MongoUser.Role>? {
        try faults.read()
        guard case .welcome = await mongo(port: port, login: login) else {
            throw HostError.connection(address: "127.0.0.1", port: port, errno: .permissionDenied)
        }
        return state.withLock { $0.mongoRoles[user] }
    }

    package func mongo(port: Int, login: MongoLogin?) async -> DatabaseAnswer {
        guard isActive("mongod.service") else { return .away("nothing listens there") }
        guard mongoConfiguration.contains("authorization: enabled") else { return .welcome(version: "7.0.26") }
        guard let login else { return .denied }
        return mongoUsers[login.name] == login.password.reveal() ? .welcome(version: "7.0.26") : .denied
    }

    package func putMongoUser(port: Int, _ user: MongoUser, login: MongoLogin?) async throws {
        try faults.change()
        try state.withLock { state in
            // The first user may be made by anybody on this machine, as MongoDB has it.
            let isAllowed = login.map { state.mongoUsers[$0.name] == $0.password.reveal() } ?? state.mongoUsers.isEmpty
            guard isAllowed else {
                throw HostError.connection(address: "127.0.0.1", port: port, errno: .permissionDenied)
            }
            state.mongoUsers[user.login.name] = user.login.password.reveal()
            state.mongoRoles[user.login.name] = Set(user.roles)
        }
    }
}
