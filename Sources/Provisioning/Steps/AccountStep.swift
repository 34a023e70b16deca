package import Host
package import SystemPackage

/// A system user with a group of its name.
package struct AccountStep: Step {
    package let title: String
    private let name: String
    private let home: FilePath?

    /// `home`: `nil` for a group without a user.
    package init(_ name: String, home: FilePath?) {
        self.name = name
        self.home = home
        title = home == nil ? "group \(name)" : "account \(name)"
    }

    package struct Facts: Sendable {
        package var hasUser: Bool
        package var hasGroup: Bool
    }

    package func check(_ host: any Host) async throws -> Facts {
        Facts(
            hasUser: try host.accounts.user(named: name) != nil,
            hasGroup: try host.accounts.group(named: name) != nil)
    }

    package func plan(_ facts: Facts) -> [Change] {
        var changes: [Change] = []
        if !facts.hasGroup { changes.append(Change("group", "create the system group \(name)")) }
        if !facts.hasUser, home != nil { changes.append(Change("user", "create the system user \(name)")) }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        if change.subject == "group" { return try await host.accounts.createGroup(name) }
        guard let home else { return }
        try await host.accounts.createUser(UserRequest(name: name, group: name, home: home.string))
    }
}
