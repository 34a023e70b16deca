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
    package func check(_ host: any Host) async throws -> Set<UInt32> {
        guard let found = try host.files.status(folder), found.kind == .directory,
            let wanted = try owner.resolve(on: host)
        else { return [] }
        var former: Set<UInt32> = [found.owner.user]
        for name in try host.files.list(folder) {
            guard let number = try host.files.status(folder.appending(name))?.owner.user else { continue }
            // Another account of the application may have something there; a number that nobody has is one of ours.
            if !former.contains(number), number != wanted.user, try host.accounts.name(ofUser: number) == nil {
                former.insert(number)
            }
        }
        return former.subtracting([wanted.user, 0])
    }

    package func plan(_ facts: Set<UInt32>) -> [Change] {
        guard !facts.isEmpty else { return [] }
        let numbers = facts.sorted().map(String.init).joined(separator: ", ")
        return [Change(folder.string, "hand what belongs to number \(numbers) in \(folder) to \(owner)")]
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let former = try await check(host)
        guard !former.isEmpty else { return }
        try host.files.handOver(folder, from: former, to: owner.demand(on: host))
    }
}
