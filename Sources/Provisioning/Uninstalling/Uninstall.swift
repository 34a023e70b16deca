import CoreTypes
package import Host
package import SystemPackage

/// Puts a machine back to what the journal says it was, last change first.
///
/// Each part looks before it acts, so an uninstall that was stopped is finished by the next one.
package struct Uninstall: Sendable {
    let host: any Host
    private let layout: Layout
    /// What people would miss: kept unless purged.
    private let valuables: [FilePath]
    private let report: @Sendable (String) -> Void

    package init(
        host: any Host, layout: Layout, valuables: [FilePath], report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.host = host
        self.layout = layout
        self.valuables = valuables
        self.report = report
    }

    var packages: any PackageManager {
        host.packages.telling { [report] in
            if case .waiting(let holder) = $0 { report("waiting: \(holder.sentence)") }
        }
    }

    package struct Outcome: Sendable {
        /// What was done, a sentence each.
        package var done: [String] = []
        /// What is still there of ours, a sentence each.
        package var kept: [String] = []
        /// What the host itself has written down of us, and nobody takes back, a sentence each.
        package let records = [
            "/var/log/apt, /var/log/dpkg.log, /var/log/alternatives.log, /var/log/journal: what apt, dpkg and systemd have logged",
            "/var/cache: what apt, debconf and the linker keep to be quicker",
            "/etc/passwd-, /etc/group-, /etc/shadow-, /etc/gshadow-, /etc/subuid-, /etc/subgid-, /var/lib/dpkg/*-old: the backups "
                + "beside the lists of accounts and packages",
        ]
    }

    /// `purging`: data and secrets too.
    package func run(purging: Bool) async throws -> Outcome {
        let lock = try await InstallLock.take(layout, on: host, doing: "uninstall") {
            report("waiting for the commands of an installation that was killed")
        }
        defer { lock.release() }
        let journal = try Journal(at: layout.journal, on: host)
        let befores = Array(journal.outstanding.reversed())
        var outcome = Outcome()
        try await stopUnits(befores, &outcome)
        try removeLists(befores)
        var kept = try restorePaths(befores, purging: purging, &outcome)
        kept += try await removePackages(befores, purging: purging, &outcome)
        kept += try removeLeftovers(befores, purging: purging, &outcome)
        try await resetMachine(befores, &outcome)
        kept += try await removeAccounts(befores, isNeeded: !kept.isEmpty, &outcome)
        try await restartUnits(befores, &outcome)
        try finish(journal, kept.reversed(), purging: purging, &outcome)
        return outcome
    }

    func did(_ sentence: String, _ outcome: inout Outcome) {
        report(sentence)
        outcome.done.append(sentence)
    }

    private func stopUnits(_ befores: [Before], _ outcome: inout Outcome) async throws {
        let units = befores.filter { $0.kind == .unit }
        let states = try host.units.states(units.map(\.name))
        for before in units {
            guard let state = states[before.name], state.load == "loaded" else { continue }
            if before.wasEnabled == false, state.enablement == "enabled" {
                try await host.units.disable(before.name)
                did("disabled \(before.name)", &outcome)
            }
            if before.wasActive == false, state.active == "active" || state.active == "activating" {
                try await host.units.stop(before.name)
                did("stopped \(before.name)", &outcome)
            }
        }
    }

    /// Answers what was kept.
    private func restorePaths(_ befores: [Before], purging: Bool, _ outcome: inout Outcome) throws -> [Before] {
        let spared = purging ? [] : valuables
        var kept: [Before] = []
        for before in befores where before.kind == .path {
            let path = FilePath(before.name)
            guard let found = before.found, !path.starts(with: layout.state), !Leftover.paths.contains(path) else {
                continue
            }
            // What a run left that was killed while it wrote the file.
            if try host.files.status(path.unfinished) != nil { try host.files.remove(path.unfinished) }
            if spared.contains(where: { path.starts(with: $0) }) {
                if try host.files.status(path) != nil { kept.append(before) }
            } else if found.kind == .nothing {
                guard try host.files.status(path) != nil else { continue }
                if try !remove(path, sparing: spared) { kept.append(before) }
                did("removed \(path)", &outcome)
            } else {
                try restore(path, found, &outcome)
            }
        }
        // The folder that the journal is in is ours, whoever made it.
        let own = [layout.state] + befores.filter { $0.found?.kind == .nothing }.map { FilePath($0.name) }
        for path in spared where own.contains(where: { path.starts(with: $0) || $0.starts(with: path) }) {
            if try host.files.status(path) != nil { outcome.kept.append("\(path)") }
        }
        return kept
    }

    /// Removes a tree but for what is spared in it; whether all of it is gone.
    private func remove(_ path: FilePath, sparing spared: [FilePath]) throws -> Bool {
        if spared.contains(path) { return try host.files.status(path) == nil }
        guard spared.contains(where: { $0.starts(with: path) }), try host.files.status(path)?.kind == .directory else {
            try host.files.removeTree(path)
            return true
        }
        var isEmpty = true
        for name in try host.files.list(path) {
            if try !remove(path.appending(name), sparing: spared) { isEmpty = false }
        }
        if isEmpty { try host.files.remove(path) }
        return isEmpty
    }

    private func restore(_ path: FilePath, _ found: Before.Found, _ outcome: inout Outcome) throws {
        let mode = FilePermissions(rawValue: CInterop.Mode(found.mode ?? 0o644))
        let owner = Owner(user: found.user ?? 0, group: found.group ?? 0)
        let now = try host.files.status(path)
        switch found.kind {
        case .file:
            guard let name = found.original else { return }
            let original = layout.originals.appending(name)
            guard try host.files.status(original) != nil else { return }
            let bytes = try host.files.read(original, limit: .max)
            let isSame = try now?.kind == .file && host.files.read(path, limit: .max) == bytes
            guard !isSame || now?.mode != mode || now?.owner != owner else { return }
            if let now, now.kind != .file { try host.files.removeTree(path) }
            try makeParent(of: path)
            try host.files.replace(path, with: bytes, mode: mode, owner: owner)
            did("put \(path) back", &outcome)
        case .link:
            guard let target = found.target, try now?.kind != .link || host.files.linkTarget(path) != target else {
                return
            }
            if now != nil { try host.files.removeTree(path) }
            try makeParent(of: path)
            try host.files.createLink(path, to: target)
            did("put the link \(path) back", &outcome)
        case .directory:
            guard now?.mode != mode || now?.owner != owner, now == nil || now?.kind == .directory else { return }
            try host.files.createDirectory(path, mode: mode, owner: owner)
            did("gave \(path) its mode and owner back", &outcome)
        case .nothing, .other: return
        }
    }

    private func makeParent(of path: FilePath) throws {
        let parent = path.removingLastComponent()
        guard try host.files.status(parent) == nil else { return }
        try host.files.createDirectory(parent, mode: FilePermissions(rawValue: 0o755), owner: nil)
    }

    /// Settings of the kernel and members of groups.
    private func resetMachine(_ befores: [Before], _ outcome: inout Outcome) async throws {
        for before in befores {
            switch before.kind {
            case .setting:
                let path = FilePath(before.name)
                guard let value = before.value, let now = try host.kernel.value(at: path), now != value,
                    host.kernel.canChange(path)
                else { continue }
                try host.kernel.change(path, to: value)
                did("set \(path) to \(value) again", &outcome)
            case .member:
                let names = before.name.split(separator: " ").map(String.init)
                guard names.count == 2, try host.accounts.members(of: names[1]).contains(names[0]) else { continue }
                try await host.accounts.removeMember(names[0], from: names[1])
                did("took the user \(names[0]) out of the group \(names[1])", &outcome)
            case .path, .package, .hold, .unit, .user, .group: continue
            }
        }
    }

    private func removeAccounts(
        _ befores: [Before], isNeeded: Bool, _ outcome: inout Outcome
    ) async throws -> [Before] {
        let added = befores.filter { $0.kind == .user || $0.kind == .group }
        guard !isNeeded else {
            let users = Set(added.filter { $0.kind == .user }.map(\.name))
            outcome.kept += users.sorted().map { "the user \($0), whom kept files belong to" }
            outcome.kept += Set(added.map(\.name)).subtracting(users).sorted().map {
                "the group \($0), for the same reason"
            }
            return added
        }
        for before in added where before.kind == .user {
            guard try host.accounts.user(named: before.name) != nil else { continue }
            try await host.accounts.removeUser(before.name)
            did("removed the user \(before.name)", &outcome)
        }
        for before in added where before.kind == .group {
            guard try host.accounts.group(named: before.name) != nil else { continue }
            try await host.accounts.removeGroup(before.name)
            did("removed the group \(before.name)", &outcome)
        }
        return []
    }

    /// What ran before us runs on, with its own configuration.
    private func restartUnits(_ befores: [Before], _ outcome: inout Outcome) async throws {
        let units = befores.filter { $0.kind == .unit && $0.wasActive == true }
        let states = try host.units.states(units.map(\.name))
        for before in units where states[before.name]?.load == "loaded" {
            guard try host.files.status(layout.started.appending(before.name)) != nil else { continue }
            try await host.units.restart(before.name)
            try host.files.remove(layout.started.appending(before.name))
            did("restarted \(before.name) as it was", &outcome)
        }
    }

    private func finish(_ journal: Journal, _ kept: [Before], purging: Bool, _ outcome: inout Outcome) throws {
        guard try host.files.status(layout.state) != nil else { return }
        let spared = purging ? [] : valuables
        let isOfUse = !kept.isEmpty || spared.contains { $0.starts(with: layout.state) }
        if purging, try host.files.status(layout.logs) != nil {
            try host.files.removeTree(layout.logs)
            did("removed \(layout.logs)", &outcome)
        }
        if purging && kept.isEmpty || !isOfUse {
            try host.files.removeTree(layout.state)
            return did("removed \(layout.state)", &outcome)
        }
        // The originals are put back; the journal stays for a purge.
        for name in try host.files.list(layout.state) {
            let path = layout.state.appending(name)
            guard path != layout.journal, !spared.contains(where: { $0.starts(with: path) }) else { continue }
            try host.files.removeTree(path)
        }
        try journal.uninstalled(keeping: kept)
        outcome.kept.append("\(layout.journal), for a later 'bedplate uninstall --purge'")
    }
}
