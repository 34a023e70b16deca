package import Host
package import SystemPackage

/// A system user with a group of its name.
///
/// One that was there before and is gone gets the numbers back that its data still belong to, as long as nobody else has
/// them: what it had is its own again, on a host where somebody removed it as on one where an uninstall kept the data.
package struct AccountStep: Step {
    package let title: String
    private let name: String
    private let home: FilePath?

    /// `home`: where its data are, which need not be there yet; `nil` for a group without a user.
    package init(_ name: String, home: FilePath?) {
        self.name = name
        self.home = home
        title = home == nil ? "group \(name)" : "account \(name)"
    }

    package struct Facts: Sendable {
        package var hasUser: Bool
        package var hasGroup: Bool
        /// The numbers that it had before.
        package var formerUser: UInt32?
        package var formerGroup: UInt32?
    }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts(
            hasUser: try host.accounts.user(named: name) != nil,
            hasGroup: try host.accounts.group(named: name) != nil)
        guard let home, !facts.hasUser || !facts.hasGroup, let owner = try host.files.status(home)?.owner else {
            return facts
        }
        if owner.user != 0, try host.accounts.name(ofUser: owner.user) == nil { facts.formerUser = owner.user }
        if owner.group != 0, try host.accounts.name(ofGroup: owner.group) == nil { facts.formerGroup = owner.group }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        func again(_ number: UInt32?) -> String { number.map { ", again as number \($0)" } ?? "" }
        var changes: [Change] = []
        if !facts.hasGroup {
            changes.append(Change("group", "create the system group \(name)\(again(facts.formerGroup))"))
        }
        if !facts.hasUser, home != nil {
            changes.append(Change("user", "create the system user \(name)\(again(facts.formerUser))"))
        }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let facts = try await check(host)
        if change.subject == "group" {
            return try await host.accounts.createGroup(name, number: facts.formerGroup)
        }
        guard let home else { return }
        try await host.accounts.createUser(
            UserRequest(name: name, group: name, home: home.string, number: facts.formerUser))
    }
}
