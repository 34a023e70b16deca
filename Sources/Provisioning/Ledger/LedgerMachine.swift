import Host
import SystemPackage

struct LedgerPackages: PackageManager {
    let real: any PackageManager
    let book: Ledger

    func install(_ request: PackageRequest) async throws {
        let added = try await real.additions(for: request)
        for name in added { try book.note(Before(.package, name)) }
        try book.noteCompany(of: added, bringing: request.brings)
        try await real.install(request)
    }

    func install(file: FilePath) async throws { try await real.install(file: file) }

    func setHold(_ isHeld: Bool, on names: [String]) async throws {
        let records = try real.database().records
        for name in names where records[name]?.isHeld != true { try book.note(Before(.hold, name)) }
        try await real.setHold(isHeld, on: names)
    }

    func remove(_ names: [String], purging: Bool) async throws { try await real.remove(names, purging: purging) }
    func repair() async throws { try await real.repair() }
    func database() throws -> PackageDatabase { try real.database() }
    func additions(for request: PackageRequest) async throws -> [String] { try await real.additions(for: request) }
    func removals(of names: [String]) async throws -> [String] { try await real.removals(of: names) }
    func lockHolders() throws -> [PackageLockHolder] { try real.lockHolders() }
    func indexes() async throws -> [String] { try await real.indexes() }
    func health() async throws -> PackageHealth { try await real.health() }

    func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager {
        LedgerPackages(real: real.telling(listener), book: book)
    }
}

struct LedgerUnits: UnitManager {
    let real: any UnitManager
    let book: Ledger

    func enable(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.enable(unit)
    }

    func disable(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.disable(unit)
    }

    func start(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.start(unit)
    }

    func stop(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.stop(unit)
    }

    func restart(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.restart(unit)
    }

    func reload(_ unit: String) async throws {
        try book.note(unit: unit)
        try await real.reload(unit)
    }

    var isRunning: Bool { real.isRunning }
    func states(_ units: [String]) throws -> [String: UnitState] { try real.states(units) }
}

struct LedgerAccounts: AccountDatabase {
    let real: any AccountDatabase
    let book: Ledger

    func createGroup(_ name: String, number: UInt32?) async throws {
        if try real.group(named: name) == nil { try book.note(Before(.group, name)) }
        try await real.createGroup(name, number: number)
    }

    func createUser(_ request: UserRequest) async throws {
        if try real.user(named: request.name) == nil { try book.note(Before(.user, request.name)) }
        try await real.createUser(request)
    }

    func addMember(_ user: String, to group: String) async throws {
        if try !real.members(of: group).contains(user) { try book.note(Before(.member, "\(user) \(group)")) }
        try await real.addMember(user, to: group)
    }

    func removeMember(_ user: String, from group: String) async throws {
        try await real.removeMember(user, from: group)
    }

    func members(of group: String) throws -> Set<String> { try real.members(of: group) }
    func name(ofUser number: UInt32) throws -> String? { try real.name(ofUser: number) }
    func name(ofGroup number: UInt32) throws -> String? { try real.name(ofGroup: number) }
    func removeUser(_ name: String) async throws { try await real.removeUser(name) }
    func removeGroup(_ name: String) async throws { try await real.removeGroup(name) }
    func faults(of names: Set<String>) async throws -> [AccountFault] { try await real.faults(of: names) }
    func mend(_ fault: AccountFault) async throws { try await real.mend(fault) }
    func user(named name: String) throws -> Account? { try real.user(named: name) }
    func group(named name: String) throws -> UInt32? { try real.group(named: name) }
    func current() throws -> Account { try real.current() }
}

struct LedgerProcesses: ProcessRunner {
    let real: any ProcessRunner
    let book: Ledger
    let listener: @Sendable (WorkNews) -> Void

    func run(_ command: Command, timeout: Duration) async throws -> CommandResult {
        try book.note(command.leaves ?? [])
        var command = command
        if command.leaves?.isEmpty == false { command.marks = book.layout.commandsLock }
        return try await real.run(command, timeout: timeout) { [listener] line in listener(.said(line)) }
    }

    func startDetached(_ command: Command, log: FilePath) throws -> Int32 {
        try book.note(command.leaves ?? [])
        return try real.startDetached(command, log: log)
    }

    func children(of pid: Int32) throws -> [RunningProcess] { try real.children(of: pid) }
}

struct LedgerDownloads: Downloads {
    let real: any Downloads
    let book: Ledger
    let listener: @Sendable (WorkNews) -> Void

    func read(_ address: String, limit: Int) async throws -> [UInt8] { try await real.read(address, limit: limit) }

    func fetch(_ address: String, to path: FilePath, sha256: String) async throws {
        try book.note(path)
        try await real.fetch(address, to: path, sha256: sha256) { [listener] line in listener(.said(line)) }
    }
}

struct LedgerKernel: KernelSettings {
    let real: any KernelSettings
    let book: Ledger

    func change(_ path: FilePath, to value: String) throws {
        if let before = try real.value(at: path) { try book.note(Before(.setting, path.string, value: before)) }
        try real.change(path, to: value)
    }

    func value(at path: FilePath) throws -> String? { try real.value(at: path) }
    func canChange(_ path: FilePath) -> Bool { real.canChange(path) }
}
