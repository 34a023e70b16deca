package import Host
import Synchronization
package import SystemPackage

/// Packages, units, accounts, sockets and the distribution, as the test says. Each is refused until it is set.
package final class FakeMachine: PackageManager, UnitManager, AccountDatabase, NetworkTable,
    SystemInformation, Downloads
{
    package struct Exchange: Sendable {
        package let address: String
        package let port: Int
        package let request: [UInt8]
    }

    private struct State {
        var packages: PackageDatabase?
        var candidates: [String: String] = [:]
        var lockHolders: [PackageLockHolder] = []
        var indexes: [String] = []
        var health = PackageHealth()
        var downloads: [String: (content: [UInt8], sha256: String?)] = [:]
        var hardware: Hardware?
        var space: Space?
        var mounted: [FilePath: Space] = [:]
        var unitCalls: [String] = []
        var units: [String: UnitState]?
        var reloads: [String] = []
        var onInstallFile: (@Sendable (FilePath) throws -> Void)?
        var onReload: (@Sendable (String) throws -> Void)?
        var users: [Account]?
        var groups: [String: UInt32]?
        var members: [String: Set<String>] = [:]
        var accountFaults: [AccountFault] = []
        var listeners: [Int: PortHolder]?
        var published: [Int: String]?
        var connections: (@Sendable (Int) -> Int)?
        var shutDown: (@Sendable (Int, String, [Int32]) throws -> Int)?
        var exchange: (@Sendable (Exchange) throws -> [UInt8])?
        var osRelease: [String: String]?
    }
    private let faults: Faults
    private let state = Mutex(State())

    private let disk: FakeFiles
    package let databases: FakeDatabases

    init(faults: Faults, disk: FakeFiles) {
        self.faults = faults
        self.disk = disk
        databases = FakeDatabases(faults: faults)
        databases.attach(self, disk)
    }

    package func setPackages(_ versions: [String: String]) {
        setPackages(PackageDatabase(records: versions.mapValues { PackageRecord(version: $0) }))
    }
    package func setPackages(_ database: PackageDatabase) { state.withLock { $0.packages = database } }
    /// The versions that repositories have; a package that is not among them is installed as version 1.
    package func setCandidates(_ versions: [String: String]) { state.withLock { $0.candidates = versions } }
    package func setLockHolders(_ holders: [PackageLockHolder]) { state.withLock { $0.lockHolders = holders } }
    package func setHealth(_ health: PackageHealth) { state.withLock { $0.health = health } }
    /// What apt's own sources lead to.
    package func setIndexes(_ addresses: [String]) { state.withLock { $0.indexes = addresses } }
    /// `sha256`: what its digest is, for those that are fetched with one.
    package func setDownload(_ address: String, _ content: [UInt8], sha256: String? = nil) {
        state.withLock { $0.downloads[address] = (content, sha256) }
    }
    package func setHardware(_ hardware: Hardware) { state.withLock { $0.hardware = hardware } }
    package func setSpace(_ space: Space) { state.withLock { $0.space = space } }
    /// For one path that has a file system of its own.
    package func setSpace(_ space: Space, at path: FilePath) { state.withLock { $0.mounted[path] = space } }
    /// There is no systemd.
    package func forgetUnits() { state.withLock { $0.units = nil } }
    /// What was asked of units, in order: `restart nginx.service`.
    package var unitCalls: [String] { state.withLock { $0.unitCalls } }
    package func setUnits(_ units: [String: UnitState]) { state.withLock { $0.units = units } }
    package func onReload(_ body: @escaping @Sendable (String) throws -> Void) { state.withLock { $0.onReload = body } }
    package func onInstallFile(_ body: @escaping @Sendable (FilePath) throws -> Void) {
        state.withLock { $0.onInstallFile = body }
    }
    /// The first one runs this program.
    package func setUsers(_ users: [Account]) { state.withLock { $0.users = users } }
    package func setGroups(_ groups: [String: UInt32]) { state.withLock { $0.groups = groups } }
    /// What a killed tool has left of the lists of accounts.
    package func setAccountFaults(_ faults: [AccountFault]) { state.withLock { $0.accountFaults = faults } }
    package func setListeners(_ listeners: [Int: PortHolder]) { state.withLock { $0.listeners = listeners } }
    package func setPublished(_ ports: [Int: String]) { state.withLock { $0.published = ports } }
    /// Docker does not answer.
    package func forgetPublished() { state.withLock { $0.published = nil } }
    package func onShutDown(_ body: @escaping @Sendable (Int, String, [Int32]) throws -> Int) {
        state.withLock { $0.shutDown = body }
    }
    package func onConnections(_ body: @escaping @Sendable (Int) -> Int) { state.withLock { $0.connections = body } }
    package func onExchange(_ body: @escaping @Sendable (Exchange) throws -> [UInt8]) {
        state.withLock { $0.exchange = body }
    }
    package func setOSRelease(_ pairs: [String: String]) { state.withLock { $0.osRelease = pairs } }

    private func answer<Value: Sendable>(
        _ effect: String, _ remedy: String, _ read: @Sendable (borrowing State) -> Value?
    ) throws -> Value {
        try faults.read()
        guard let value = state.withLock({ read($0) }) else { throw Unmocked(effect: effect, remedy: remedy) }
        return value
    }

    package func database() throws -> PackageDatabase {
        try answer("the package database", "host.machine.setPackages([\"nginx\": \"1.22.1\"])") { $0.packages }
    }

    package func additions(for request: PackageRequest) async throws -> [String] {
        let database = try database()
        return request.names.filter { database.version(of: $0) == nil }.sorted()
    }

    package func install(_ request: PackageRequest) async throws {
        let known = try database()
        try faults.change()
        guard !faults.isFull() else {
            throw HostError.ended(
                command: "apt-get install", how: "ended with 100", said: "dpkg: error: No space left on device")
        }
        state.withLock { state in
            for name in request.names {
                state.packages?.records[name] = PackageRecord(version: state.candidates[name] ?? "1")
            }
        }
        guard request.names.contains(where: { known.version(of: $0) == nil }) else { return }
        disk.leave(request.brings)
        for case .unit(let unit) in request.brings {
            state.withLock { $0.units?[unit] = UnitState(load: "loaded", active: "active", enablement: "enabled") }
            databases.started(unit)
        }
        for case .account(let name) in request.brings
        where state.withLock({ $0.users?.contains { $0.name == name } }) != true { addUser(name) }
    }

    package func install(file: FilePath) async throws {
        try faults.change()
        try answer("installing \(file)", "host.machine.onInstallFile { path in }") { $0.onInstallFile }(file)
    }

    package func removals(of names: [String]) async throws -> [String] { names.sorted() }

    package func remove(_ names: [String], purging: Bool) async throws {
        try faults.change()
        state.withLock { state in for name in names { state.packages?.records[name]?.state = .absent } }
    }

    package func setHold(_ isHeld: Bool, on names: [String]) async throws {
        try faults.change()
        state.withLock { state in for name in names { state.packages?.records[name]?.isHeld = isHeld } }
    }

    package func repair() async throws {
        try faults.change()
        state.withLock { state in
            state.packages?.hasNotes = false
            for name in state.packages?.unfinished ?? [] { state.packages?.records[name]?.state = .installed }
        }
    }

    package func lockHolders() throws -> [PackageLockHolder] { state.withLock { $0.lockHolders } }
    package func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager {
        TellingPackages(machine: self, listener: listener)
    }

    package func indexes() async throws -> [String] {
        try faults.read()
        return state.withLock { $0.indexes }
    }

    package func health() async throws -> PackageHealth {
        try faults.read()
        return state.withLock { $0.health }
    }

    package func read(_ address: String, limit: Int) async throws -> [UInt8] {
        try faults.read()
        guard let download = state.withLock({ $0.downloads[address] }) else {
            throw HostError.notFetched(address: address, why: "the test has no such download")
        }
        return download.content
    }

    package func fetch(_ address: String, to path: FilePath, sha256: String) async throws {
        let content = try await read(address, limit: .max)
        guard state.withLock({ $0.downloads[address]?.sha256 }) == sha256 else {
            throw HostError.notFetched(address: address, why: "Hash Sum mismatch")
        }
        try disk.replace(path, with: content, mode: .fileDefault, owner: nil)
    }

    package func hardware() throws -> Hardware {
        try answer("the hardware", "host.machine.setHardware(…)") { $0.hardware }
    }

    package func space(at path: FilePath) throws -> Space {
        try answer("the space at \(path)", "host.machine.setSpace(…)") { $0.mounted[path] ?? $0.space }
    }

    private func change(_ verb: String, _ unit: String, _ body: (inout UnitState) -> Void) throws {
        try faults.change()
        let hasFile = ["/etc", "/lib", "/usr/lib"].contains {
            disk.text(FilePath("\($0)/systemd/system/\(unit)")) != nil
        }
        try state.withLock { state in
            guard
                var found = state.units?[unit]
                    ?? (hasFile ? UnitState(load: "loaded", active: "inactive", enablement: "disabled") : nil)
            else { throw HostError.serviceManager(call: "\(verb) of \(unit)", errno: .noSuchFileOrDirectory) }
            body(&found)
            state.units?[unit] = found
            state.unitCalls.append("\(verb) \(unit)")
        }
    }

    package func enable(_ unit: String) async throws { try change("enable", unit) { $0.enablement = "enabled" } }
    package func disable(_ unit: String) async throws { try change("disable", unit) { $0.enablement = "disabled" } }
    package func stop(_ unit: String) async throws { try change("stop", unit) { $0.active = "inactive" } }

    package func start(_ unit: String) async throws {
        try change("start", unit) { $0.active = "active" }
        databases.started(unit)
    }

    package func restart(_ unit: String) async throws {
        try change("restart", unit) { $0.active = "active" }
        databases.started(unit)
    }

    private func addUser(_ name: String, _ wanted: UInt32? = nil) {
        state.withLock { state in
            var free = UInt32(500 + (state.users?.count ?? 0))
            while state.users?.contains(where: { $0.user == free }) == true { free += 1 }
            let number = wanted ?? free
            state.users?.append(Account(name: name, user: number, group: state.groups?[name] ?? number))
            if state.groups?[name] == nil { state.groups?[name] = number }
        }
    }

    package func createGroup(_ name: String, number: UInt32?) async throws {
        try faults.change()
        state.withLock { state in
            var free = UInt32(500 + (state.groups?.count ?? 0))
            while state.groups?.values.contains(free) == true { free += 1 }
            state.groups?[name] = number ?? free
        }
    }

    package func createUser(_ request: UserRequest) async throws {
        try faults.change()
        addUser(request.name, request.number)
    }

    package func faults(of names: Set<String>) async throws -> [AccountFault] {
        try faults.read()
        return state.withLock { $0.accountFaults }.filter { fault in
            switch fault {
            case .user(let name), .group(let name): names.contains(name)
            case .remnant: true
            }
        }
    }

    package func mend(_ fault: AccountFault) async throws {
        try faults.change()
        state.withLock { $0.accountFaults.removeAll { $0 == fault } }
    }

    package func members(of group: String) throws -> Set<String> {
        try faults.read()
        return state.withLock { $0.members[group] ?? [] }
    }

    package func name(ofUser number: UInt32) throws -> String? {
        try answer("the user \(number)", "host.machine.setUsers([…])") { $0.users }.first { $0.user == number }?.name
    }

    package func name(ofGroup number: UInt32) throws -> String? {
        try answer("the group \(number)", "host.machine.setGroups([\"docker\": \(number)])") { $0.groups }
            .first { $0.value == number }?.key
    }

    package func addMember(_ user: String, to group: String) async throws {
        try faults.change()
        state.withLock { _ = $0.members[group, default: []].insert(user) }
    }

    package func removeMember(_ user: String, from group: String) async throws {
        try faults.change()
        state.withLock { _ = $0.members[group]?.remove(user) }
    }

    package func removeUser(_ name: String) async throws {
        try faults.change()
        state.withLock { $0.users?.removeAll { $0.name == name } }
    }

    package func removeGroup(_ name: String) async throws {
        try faults.change()
        state.withLock { $0.groups?[name] = nil }
    }

    package var isRunning: Bool { state.withLock { $0.units != nil } }

    package func states(_ units: [String]) throws -> [String: UnitState] {
        try answer("systemd", "host.machine.setUnits([\"nginx.service\": …])") { $0.units }
            .filter { units.contains($0.key) }
    }

    package func reload(_ unit: String) async throws {
        try faults.change()
        try answer("reloading \(unit)", "host.machine.onReload { unit in }") { $0.onReload }(unit)
        state.withLock { $0.unitCalls.append("reload \(unit)") }
    }

    package func user(named name: String) throws -> Account? {
        try answer("the user \(name)", "host.machine.setUsers([…])") { $0.users }.first { $0.name == name }
    }

    package func group(named name: String) throws -> UInt32? {
        try answer("the group \(name)", "host.machine.setGroups([\"\(name)\": 100])") { $0.groups }[name]
    }

    package func current() throws -> Account {
        try answer("who we are", "host.machine.setUsers([Account(name: \"root\", user: 0, group: 0)])") {
            $0.users?.first
        }
    }

    package func listener(on port: Int) throws -> PortHolder? {
        try answer("who listens on port \(port)", "host.machine.setListeners([:])") { $0.listeners }[port]
    }

    package func published() async throws -> [Int: String] {
        try answer("what Docker publishes", "host.machine.setPublished([8080: \"web\"])") { $0.published }
    }

    package func connections(to port: Int) throws -> Int {
        try answer("connections to port \(port)", "host.machine.onConnections { _ in 0 }") { $0.connections }(port)
    }

    package func shutDown(connectionsTo port: Int, from source: String, heldBy processes: [Int32]) throws -> Int {
        try answer("shutting down connections to port \(port)", "host.machine.onShutDown { _, _, _ in 0 }") {
            $0.shutDown
        }(port, source, processes)
    }

    package func exchange(
        address: String, port: Int, request: [UInt8], limit: Int, timeout: Duration
    ) async throws -> [UInt8] {
        let remedy = "host.machine.onExchange { exchange in Array(\"HTTP/1.1 200 OK…\".utf8) }"
        return try answer("talking to \(address):\(port)", remedy) { $0.exchange }(
            Exchange(address: address, port: port, request: request))
    }

    package func osRelease() throws -> [String: String] {
        try answer("os-release", "host.machine.setOSRelease([\"ID\": \"debian\"])") { $0.osRelease }
    }
}
