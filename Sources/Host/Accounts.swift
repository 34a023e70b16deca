/// Users and groups.
package protocol AccountDatabase: Sendable {
    func user(named name: String) throws -> Account?
    /// A group's number.
    func group(named name: String) throws -> UInt32?
    /// Who runs this program.
    func current() throws -> Account
    /// Makes a group for a system service. `number`: the one it shall have; `nil`: the machine chooses.
    func createGroup(_ name: String, number: UInt32?) async throws
    /// Makes a user for a system service: no password, no shell.
    func createUser(_ request: UserRequest) async throws
    /// The users that a group names as its members; none where there is no such group.
    func members(of group: String) throws -> Set<String>
    /// The name of the user with this number; `nil`: nobody has it.
    func name(ofUser number: UInt32) throws -> String?
    /// The name of the group with this number; `nil`: none has it.
    func name(ofGroup number: UInt32) throws -> String?
    /// Makes a user a member of a group, besides those it is in.
    func addMember(_ user: String, to group: String) async throws
    func removeMember(_ user: String, from group: String) async throws
    /// Absent is fine.
    func removeUser(_ name: String) async throws
    /// Absent is fine.
    func removeGroup(_ name: String) async throws
    /// What tools that were killed have left of the lists of accounts, as far as it is about users and groups of these
    /// names; empty on a whole host. One that is at work is waited for, as its work looks like that, too.
    func faults(of names: Set<String>) async throws -> [AccountFault]
    /// Mends it, unless somebody has by now.
    func mend(_ fault: AccountFault) async throws
}

/// What an account tool that was killed between two lists has left.
package enum AccountFault: Hashable, Sendable {
    /// It is in the list of users, and not in that of their passwords (shadow(5)).
    case user(String)
    /// It is in the list of groups, and not in that of their passwords (gshadow(5)).
    case group(String)
    /// A lock that nobody holds, or a list that is not written to its end.
    case remnant(path: String)
}

/// A user with the number of its primary group.
package struct Account: Hashable, Sendable {
    package let name: String
    package let user: UInt32
    package let group: UInt32

    package init(name: String, user: UInt32, group: UInt32) {
        self.name = name
        self.user = user
        self.group = group
    }
}

/// A system user to make.
package struct UserRequest: Hashable, Sendable {
    package let name: String
    /// Its primary group, which exists.
    package let group: String
    /// Not made by this.
    package let home: String
    /// The one it shall have; `nil`: the machine chooses.
    package let number: UInt32?

    package init(name: String, group: String, home: String, number: UInt32? = nil) {
        self.name = name
        self.group = group
        self.home = home
        self.number = number
    }
}
