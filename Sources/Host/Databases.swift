package import CoreTypes

/// MongoDB and Redis on this machine's loopback, as far as an installation speaks with them.
package protocol Databases: Sendable {
    /// Pings, with the password when there is one.
    func redis(port: Int, password: Secret?) async -> DatabaseAnswer
    /// Asks for what only a user of the server may know.
    func mongo(port: Int, login: MongoLogin?) async -> DatabaseAnswer
    /// From now on Redis takes this password, too, besides that of `login`; until it is started again.
    func admitRedisPassword(port: Int, _ password: Secret, login: Secret) async throws
    /// What a user may do; `nil`: there is no such user.
    func mongoRoles(port: Int, of user: String, login: MongoLogin) async throws -> Set<MongoUser.Role>?
    /// Creates the user, or gives it this password and these roles.
    func putMongoUser(port: Int, _ user: MongoUser, login: MongoLogin?) async throws
}

/// What a database said.
package enum DatabaseAnswer: Hashable, Sendable {
    /// It answered us.
    case welcome(version: String?)
    /// It is there, and will not answer without the right password.
    case denied
    /// It has no password although we have one for it.
    case unprotected
    /// It is not there, or not ready; with the reason.
    case away(String)
}

/// A user of MongoDB that proves itself by SCRAM-SHA-256.
package struct MongoLogin: Sendable {
    package let name: String
    package let password: Secret
    /// Where the user is defined.
    package let database: String

    package init(name: String, password: Secret, database: String = "admin") {
        self.name = name
        self.password = password
        self.database = database
    }
}

/// A user to be.
package struct MongoUser: Sendable {
    package let login: MongoLogin
    /// Role by database.
    package let roles: [Role]

    package struct Role: Hashable, Sendable {
        package let name: String
        package let database: String

        package init(_ name: String, on database: String) {
            self.name = name
            self.database = database
        }
    }

    package init(_ login: MongoLogin, roles: [Role]) {
        self.login = login
        self.roles = roles
    }
}
