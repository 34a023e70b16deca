import Host
import SystemPackage

/// The real machine, with a book: before anything is touched for the first time, the journal learns how it was. Steps
/// are handed this one to apply their changes, so none of them can forget to make itself undoable.
struct LedgerHost: Host {
    private let real: any Host
    private let book: Ledger
    private let listener: @Sendable (WorkNews) -> Void

    /// `listener`: is told what goes on while a change works.
    init(
        _ real: any Host, _ journal: Journal, _ layout: Layout, step: String, _ change: Change,
        telling listener: @escaping @Sendable (WorkNews) -> Void
    ) {
        self.real = real
        self.listener = listener
        book = Ledger(journal: journal, layout: layout, host: real, step: step, change: change)
    }

    var files: any FileSystem { LedgerFiles(real: real.files, book: book) }
    var packages: any PackageManager { LedgerPackages(real: real.packages.telling(listener), book: book) }
    var units: any UnitManager { LedgerUnits(real: real.units, book: book) }
    var accounts: any AccountDatabase { LedgerAccounts(real: real.accounts, book: book) }
    var processes: any ProcessRunner { LedgerProcesses(real: real.processes, book: book, listener: listener) }
    var network: any NetworkTable { real.network }
    var system: any SystemInformation { real.system }
    var downloads: any Downloads { LedgerDownloads(real: real.downloads, book: book, listener: listener) }
    var databases: any Databases { real.databases }
    var kernel: any KernelSettings { LedgerKernel(real: real.kernel, book: book) }
    var clock: any Clock<Duration> { real.clock }
    func wallTime() -> Int64 { real.wallTime() }
}

/// Writes into the journal how things are.
struct Ledger: Sendable {
    let journal: Journal
    let layout: Layout
    let host: any Host
    let step: String
    let change: Change

    func note(_ before: Before) throws { try journal.note(before, change, of: step) }

    /// A path that is about to be changed, or to come into being with the missing folders above it.
    func note(_ path: FilePath) throws {
        guard !journal.isOwn(path), !journal.knows(Before.Subject(.path, path.string)) else { return }
        guard let status = try host.files.status(path) else {
            try note(Before(.path, try topmostMissing(of: path).string, found: Before.Found(.nothing)))
            return
        }
        var found: Before.Found
        switch status.kind {
        case .directory: found = Before.Found(.directory)
        case .link:
            found = Before.Found(.link)
            found.target = try host.files.linkTarget(path)
        case .file:
            found = Before.Found(.file)
            found.original = try keep(path)
        case .other: found = Before.Found(.other)
        }
        found.mode = UInt32(status.mode.rawValue)
        found.user = status.owner.user
        found.group = status.owner.group
        try note(Before(.path, path.string, found: found))
    }

    func note(_ traces: [Trace]) throws {
        for trace in traces {
            switch trace {
            case .file(let path), .directory(let path): try note(FilePath(path))
            case .unit(let unit): try note(unit: unit)
            case .account(let name): try note(account: name)
            }
        }
    }

    /// What comes with packages that are about to be added. Files that dpkg knows of are not noted: it takes them back.
    func noteCompany(of packages: [String], bringing traces: [Trace]) throws {
        for leftover in Leftover.known where packages.contains(leftover.package) {
            guard try host.files.status(leftover.path) == nil else { continue }
            try note(Before(.path, leftover.path.string, found: Before.Found(.nothing)))
        }
        for trace in traces {
            switch trace {
            case .unit(let unit): try note(unit: unit)
            case .account(let name): try note(account: name)
            case .file, .directory: continue
            }
        }
    }

    private func note(account name: String) throws {
        if try host.accounts.user(named: name) == nil { try note(Before(.user, name)) }
        if try host.accounts.group(named: name) == nil { try note(Before(.group, name)) }
    }

    func note(unit: String) throws {
        guard !journal.knows(Before.Subject(.unit, unit)) else { return }
        let state = try host.units.states([unit])[unit]
        try note(
            Before(
                .unit, unit, wasEnabled: state?.enablement == "enabled", wasActive: state?.active == "active"))
    }

    private func topmostMissing(of path: FilePath) throws -> FilePath {
        var missing = path
        while true {
            let parent = missing.removingLastComponent()
            guard !parent.components.isEmpty, try host.files.status(parent) == nil else { return missing }
            missing = parent
        }
    }

    /// Copies a file among the originals, where only root can read it, and says under which name.
    private func keep(_ path: FilePath) throws -> String {
        let digest = SHA256()
        try host.files.readChunks(of: path) { digest.update($0) }
        let name = digest.finish()
        if try host.files.status(layout.originals) == nil {
            try host.files.createDirectory(layout.originals, mode: [.ownerReadWriteExecute], owner: nil)
        }
        let copy = layout.originals.appending(name)
        if try host.files.status(copy) == nil { try host.files.copy(path, to: copy, mode: [.ownerReadWrite]) }
        return name
    }
}
