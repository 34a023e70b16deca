import Host
import SystemPackage

extension Uninstall {
    /// What apt has read of repositories that were ours, before their addresses go: apt itself would take it away at its next
    /// update.
    func removeLists(_ befores: [Before]) throws {
        let folder: FilePath = "/var/lib/apt/lists"
        let sources = befores.filter { $0.kind == .path && $0.found?.kind == .nothing }.map { FilePath($0.name) }
            .filter { $0.extension == "sources" && $0.starts(with: "/etc/apt/sources.list.d") }
        let texts = try sources.compactMap { try host.files.readIfPresent($0, limit: 1 << 16) }
        let prefixes = texts.flatMap { AptLists.addresses(in: String(decoding: $0, as: UTF8.self)) }.map(
            AptLists.prefix)
        guard !prefixes.isEmpty, try host.files.status(folder) != nil else { return }
        for name in try host.files.list(folder) where prefixes.contains(where: name.hasPrefix) {
            try host.files.remove(folder.appending(name))
        }
    }

    func removePackages(
        _ befores: [Before], purging: Bool, _ outcome: inout Outcome
    ) async throws -> [Before] {
        let database = try host.packages.database()
        let held = befores.filter { $0.kind == .hold && database.records[$0.name]?.isHeld == true }.map(\.name)
        if !held.isEmpty { try await packages.setHold(false, on: held) }
        let added = befores.filter { $0.kind == .package }
        // What only has its configuration left is still there for a purge.
        let present = added.filter { database.records[$0.name].map { purging || $0.state != .absent } ?? false }
        var names = present.map(\.name)
        guard !names.isEmpty else { return [] }
        var needed: [String] = []
        // Somebody may have installed what needs one of ours: that one stays.
        while !names.isEmpty {
            let strangers = Set(try await packages.removals(of: names)).subtracting(added.map(\.name))
            guard !strangers.isEmpty else { break }
            var staying: [String] = []
            for name in names {
                let lost = try await packages.removals(of: [name])
                if !strangers.isDisjoint(with: lost) { staying.append(name) }
            }
            guard !staying.isEmpty else { break }
            needed += staying
            names.removeAll(where: staying.contains)
        }
        if !names.isEmpty {
            try await packages.remove(names, purging: purging)
            did("removed \(names.count) packages: \(names.sorted().joined(separator: ", "))", &outcome)
            let left = try host.packages.database().records
            let configured = purging ? 0 : names.count { left[$0]?.state == .absent }
            if configured > 0 {
                outcome.kept.append(
                    "configuration of \(configured) of these packages, which dpkg keeps, with its links in /etc/rc?.d and "
                        + "/var/lib/systemd/deb-systemd-helper-enabled")
            }
        }
        outcome.kept += needed.sorted().map { "the package \($0), which others need" }
        // A later purge still has their configuration to take away.
        return purging ? added.filter { needed.contains($0.name) } : added
    }

    /// What packages have made where nothing was. Answers what was kept.
    func removeLeftovers(_ befores: [Before], purging: Bool, _ outcome: inout Outcome) throws -> [Before] {
        let database = try host.packages.database()
        var kept: [Before] = []
        for leftover in Leftover.known {
            guard let before = befores.first(where: { $0.kind == .path && $0.name == leftover.path.string }),
                try host.files.status(leftover.path) != nil
            else { continue }
            if purging, !database.has(leftover.package) {
                try host.files.removeTree(leftover.path)
                did("removed \(leftover.path)", &outcome)
            } else {
                kept.append(before)
                outcome.kept.append("\(leftover.path), \(leftover.what)")
            }
        }
        return kept
    }
}
