import CoreTypes
import Host
import Synchronization
import SystemPackage

/// Packages, units, accounts, commands and databases over those of a real machine.
final class ImaginedMachine: PackageManager, UnitManager, AccountDatabase, ProcessRunner, Downloads, Databases {
    private struct State {
        var packages: [String: PackageRecord] = [:]
        var units: [String: UnitState] = [:]
        var users: [String: Account] = [:]
        var groups: [String: UInt32] = [:]
        var members: [String: Set<String>] = [:]
        var removedAccounts: Set<String> = []
        var mended: Set<AccountFault> = []
        var isRepaired = false
        /// MongoDB's users as they would be by then, with their roles.
        var mongoUsers: [String: Set<MongoUser.Role>] = [:]
    }
    private let real: any Host
    private let files: ImaginedFiles
    private let state = Mutex(State())
    /// Numbers that no account has.
    private static let firstNumber: UInt32 = 4_000_000_000

    init(over real: any Host, files: ImaginedFiles) {
        self.real = real
        self.files = files
    }

    private func leave(_ traces: [Trace]) throws {
        for trace in traces {
            switch trace {
            case .directory(let path):
                try files.createDirectory(FilePath(path), mode: FilePermissions(rawValue: 0o755), owner: nil)
            case .file(let path):
                let path = FilePath(path)
                try files.createDirectory(
                    path.removingLastComponent(), mode: FilePermissions(rawValue: 0o755), owner: nil)
                try files.replace(path, with: [], mode: FilePermissions(rawValue: 0o644), owner: nil)
            case .unit(let unit):
                state.withLock {
                    $0.units[unit] = UnitState(load: "loaded", active: "active", enablement: "enabled")
                }
            case .account(let name):
                makeGroup(name, nil)
                makeUser(name, group: name, nil)
            }
        }
    }

    // MARK: Packages

    func database() throws -> PackageDatabase {
        var database = try real.packages.database()
        state.withLock { state in
            database.records.merge(state.packages) { _, new in new }
            guard state.isRepaired else { return }
            database.hasNotes = false
            for name in database.unfinished { database.records[name]?.state = .installed }
        }
        return database
    }

    func install(_ request: PackageRequest) async throws {
        let known = try database()
        state.withLock { state in
            for name in request.names {
                state.packages[name] = PackageRecord(
                    version: "to be installed", isHeld: known.records[name]?.isHeld ?? false)
            }
        }
        // A package that is there already brings nothing new: what a person switched off stays off.
        if request.names.contains(where: { known.version(of: $0) == nil }) { try leave(request.brings) }
    }

    func setHold(_ isHeld: Bool, on names: [String]) async throws {
        let known = try database()
        state.withLock { state in
            for name in names {
                guard var record = known.records[name] else { continue }
                record.isHeld = isHeld
                state.packages[name] = record
            }
        }
    }

    func remove(_ names: [String], purging: Bool) async throws {
        state.withLock { state in
            for name in names { state.packages[name] = PackageRecord(version: "", state: .absent) }
        }
    }

    func install(file: FilePath) async throws {
        throw HostError.notStarted(command: "an upgrade", errno: .notSupported)
    }

    func repair() async throws { state.withLock { $0.isRepaired = true } }
    func additions(for request: PackageRequest) async throws -> [String] { request.names.sorted() }
    func removals(of names: [String]) async throws -> [String] { names.sorted() }
    func lockHolders() throws -> [PackageLockHolder] { try real.packages.lockHolders() }
    func indexes() async throws -> [String] { try await real.packages.indexes() }
    func health() async throws -> PackageHealth { try await real.packages.health() }
    /// Nothing is waited for here.
    func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager { self }

    // MARK: Units

    var isRunning: Bool { real.units.isRunning }

    func states(_ units: [String]) throws -> [String: UnitState] {
        let imagined = state.withLock { $0.units }
        let unknown = units.filter { imagined[$0] == nil }
        let known = unknown.isEmpty ? [:] : try real.units.states(unknown)
        return known.merging(imagined.filter { units.contains($0.key) }) { _, new in new }
    }

    private func change(_ unit: String, _ body: (inout UnitState) -> Void) throws {
        var unitState = try states([unit])[unit] ?? UnitState(load: "loaded", active: "inactive")
        // Its file may be one that was only imagined.
        unitState.load = "loaded"
        body(&unitState)
        state.withLock { $0.units[unit] = unitState }
    }

    func reload(_ unit: String) async throws {}
    func enable(_ unit: String) async throws { try change(unit) { $0.enablement = "enabled" } }
    func disable(_ unit: String) async throws { try change(unit) { $0.enablement = "disabled" } }
    func start(_ unit: String) async throws { try change(unit) { $0.active = "active" } }
    func stop(_ unit: String) async throws { try change(unit) { $0.active = "inactive" } }
    func restart(_ unit: String) async throws { try change(unit) { $0.active = "active" } }

    // MARK: Accounts

    func user(named name: String) throws -> Account? {
        if let own = state.withLock({ $0.users[name] }) { return own }
        return state.withLock({ $0.removedAccounts.contains(name) }) ? nil : try real.accounts.user(named: name)
    }

    func group(named name: String) throws -> UInt32? {
        if let own = state.withLock({ $0.groups[name] }) { return own }
        return state.withLock({ $0.removedAccounts.contains(name) }) ? nil : try real.accounts.group(named: name)
    }

    func current() throws -> Account { try real.accounts.current() }

    private func makeGroup(_ name: String, _ number: UInt32?) {
        state.withLock { $0.groups[name] = number ?? Self.firstNumber + UInt32($0.groups.count) }
    }

    private func makeUser(_ name: String, group: String, _ number: UInt32?) {
        state.withLock { state in
            state.users[name] = Account(
                name: name, user: number ?? Self.firstNumber + UInt32(state.users.count),
                group: state.groups[group] ?? 0)
        }
    }

    func createGroup(_ name: String, number: UInt32?) async throws { makeGroup(name, number) }
    func createUser(_ request: UserRequest) async throws {
        makeUser(request.name, group: request.group, request.number)
    }

    func removeUser(_ name: String) async throws {
        state.withLock { state in
            state.users[name] = nil
            state.removedAccounts.insert(name)
        }
    }

    func removeGroup(_ name: String) async throws {
        state.withLock { state in
            state.groups[name] = nil
            state.removedAccounts.insert(name)
        }
    }

    func faults(of names: Set<String>) async throws -> [AccountFault] {
        let mended = state.withLock { $0.mended }
        return try await real.accounts.faults(of: names).filter { !mended.contains($0) }
    }

    func mend(_ fault: AccountFault) async throws { state.withLock { _ = $0.mended.insert(fault) } }

    func members(of group: String) throws -> Set<String> {
        try state.withLock { $0.members[group] } ?? real.accounts.members(of: group)
    }

    func name(ofUser number: UInt32) throws -> String? {
        try state.withLock { $0.users.first { $0.value.user == number }?.key } ?? real.accounts.name(ofUser: number)
    }

    func name(ofGroup number: UInt32) throws -> String? {
        try state.withLock { $0.groups.first { $0.value == number }?.key } ?? real.accounts.name(ofGroup: number)
    }

    func addMember(_ user: String, to group: String) async throws {
        let members = try members(of: group)
        state.withLock { $0.members[group] = members.union([user]) }
    }

    func removeMember(_ user: String, from group: String) async throws {
        let members = try members(of: group)
        state.withLock { $0.members[group] = members.subtracting([user]) }
    }

    // MARK: Commands

    func run(_ command: Command, timeout: Duration) async throws -> CommandResult {
        guard let traces = command.leaves else { return try await real.processes.run(command, timeout: timeout) }
        try leave(traces)
        return CommandResult(status: .exited(0), output: "", errors: "")
    }

    func startDetached(_ command: Command, log: FilePath) throws -> Int32 { 0 }
    func children(of pid: Int32) throws -> [RunningProcess] { try real.processes.children(of: pid) }

    // MARK: Downloads

    func read(_ address: String, limit: Int) async throws -> [UInt8] {
        try await real.downloads.read(address, limit: limit)
    }

    func fetch(_ address: String, to path: FilePath, sha256: String) async throws { try leave([.file(path.string)]) }

    // MARK: Databases

    /// Whether it was started in the rehearsal: then it runs as it is configured, and is not there to be asked.
    private func isImagined(_ unit: String) -> Bool { state.withLock { $0.units[unit] != nil } }

    func redis(port: Int, password: Secret?) async -> DatabaseAnswer {
        guard isImagined("redis-server.service") else {
            return await real.databases.redis(port: port, password: password)
        }
        return password == nil ? .denied : .welcome(version: nil)
    }

    func mongo(port: Int, login: MongoLogin?) async -> DatabaseAnswer {
        if let login, state.withLock({ $0.mongoUsers[login.name] != nil }) { return .welcome(version: nil) }
        guard isImagined("mongod.service") else { return await real.databases.mongo(port: port, login: login) }
        guard let login else { return .denied }
        // One that runs already knows its users; one that is yet to come has none.
        let answer = await real.databases.mongo(port: port, login: login)
        if case .away = answer { return .denied }
        return answer
    }

    func putMongoUser(port: Int, _ user: MongoUser, login: MongoLogin?) async throws {
        state.withLock { $0.mongoUsers[user.login.name] = Set(user.roles) }
    }

    func admitRedisPassword(port: Int, _ password: Secret, login: Secret) async throws {}

    func mongoRoles(port: Int, of user: String, login: MongoLogin) async throws -> Set<MongoUser.Role>? {
        if let roles = state.withLock({ $0.mongoUsers[user] }) { return roles }
        return try await real.databases.mongoRoles(port: port, of: user, login: login)
    }
}
