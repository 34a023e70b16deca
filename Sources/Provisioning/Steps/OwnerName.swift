import CoreTypes
import Host

/// User and group by name, as an earlier step may only be about to create them.
package struct OwnerName: Hashable, Sendable, CustomStringConvertible {
    package let user: String
    package let group: String

    package init(user: String, group: String) {
        self.user = user
        self.group = group
    }

    package var description: String { "\(user):\(group)" }

    /// `nil` while one of them does not exist.
    func resolve(on host: any Host) throws -> Owner? {
        guard let account = try host.accounts.user(named: user), let group = try host.accounts.group(named: group)
        else { return nil }
        return Owner(user: account.user, group: group)
    }

    func demand(on host: any Host) throws -> Owner {
        guard let owner = try resolve(on: host) else {
            throw OperatorError(doing: "hand a file to \(self)", because: "there is no such user or group")
        }
        return owner
    }
}
