package import Host
package import SystemPackage

/// Data whose account came back with another number, as somebody else has its old one by now.
///
/// Only the folder and what is right below it is looked at: the account's number changed for all of it at once.
package struct HandOverStep: Step {
    package let title = "owner of the data"
    private let folder: FilePath
    private let owner: OwnerName

    /// Comes before the step that gives the folder itself its owner, which tells what was the old one.
    package init(_ folder: FilePath, to owner: OwnerName) {
        self.folder = folder
        self.owner = owner
    }

    /// The numbers of whom it belonged to.
    package func check(_ host: any Host) async throws -> FormerOwner {
        guard let found = try host.files.status(folder), found.kind == .directory,
            let wanted = try owner.resolve(on: host)
        else { return FormerOwner() }
        var former = FormerOwner(users: [found.owner.user], groups: [found.owner.group])
        for name in try host.files.list(folder) {
            guard let other = try host.files.status(folder.appending(name))?.owner else { continue }
            // Another account of the application may have something there; a number that nobody has is one of ours.
            if !former.users.contains(other.user), other.user != wanted.user,
                try host.accounts.name(ofUser: other.user) == nil
            {
                former.users.insert(other.user)
            }
            if !former.groups.contains(other.group), other.group != wanted.group, other.user == wanted.user,
                try host.accounts.name(ofGroup: other.group) == nil
            {
                former.groups.insert(other.group)
            }
        }
        former.users.subtract([wanted.user, 0])
        // What a former user's is gets both.
        former.groups.subtract([wanted.group, 0])
        if found.owner.user != wanted.user { former.groups.remove(found.owner.group) }
        return former
    }

    package func plan(_ facts: FormerOwner) -> [Change] {
        func numbers(_ found: Set<UInt32>) -> String { found.sorted().map(String.init).joined(separator: ", ") }
        var parts: [String] = []
        if !facts.users.isEmpty { parts.append("number \(numbers(facts.users))") }
        if !facts.groups.isEmpty { parts.append("group \(numbers(facts.groups))") }
        guard !parts.isEmpty else { return [] }
        return [
            Change(folder.string, "hand what belongs to \(parts.joined(separator: " and ")) in \(folder) to \(owner)")
        ]
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let former = try await check(host)
        guard former != FormerOwner() else { return }
        try host.files.handOver(folder, from: former, to: owner.demand(on: host))
    }
}
