package import Host
import Synchronization

/// Packages, units, accounts, sockets and the distribution, as the test says. Each is refused until it is set.
package final class FakeMachine: PackageManager, UnitManager, AccountDatabase, NetworkTable, SystemInformation {
    package struct Exchange: Sendable {
        package let address: String
        package let port: Int
        package let request: [UInt8]
    }

    private struct State {
        var packages: [String: String]?
        var units: [String: UnitState]?
        var reloads: [String] = []
        var onReload: (@Sendable (String) throws -> Void)?
        var users: [Account]?
        var groups: [String: UInt32]?
        var listeners: [Int: PortHolder]?
        var connections: (@Sendable (Int) -> Int)?
        var exchange: (@Sendable (Exchange) throws -> [UInt8])?
        var osRelease: [String: String]?
    }
    private let faults: Faults
    private let state = Mutex(State())

    init(faults: Faults) { self.faults = faults }

    package func setPackages(_ versions: [String: String]) { state.withLock { $0.packages = versions } }
    package func setUnits(_ units: [String: UnitState]) { state.withLock { $0.units = units } }
    package func onReload(_ body: @escaping @Sendable (String) throws -> Void) { state.withLock { $0.onReload = body } }
    /// The first one runs this program.
    package func setUsers(_ users: [Account]) { state.withLock { $0.users = users } }
    package func setGroups(_ groups: [String: UInt32]) { state.withLock { $0.groups = groups } }
    package func setListeners(_ listeners: [Int: PortHolder]) { state.withLock { $0.listeners = listeners } }
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

    package func installed(_ names: [String]) throws -> [String: String] {
        try answer("the package database", "host.machine.setPackages([\"nginx\": \"1.22.1\"])") { $0.packages }
            .filter { names.contains($0.key) }
    }

    package var isRunning: Bool { state.withLock { $0.units != nil } }

    package func states(_ units: [String]) throws -> [String: UnitState] {
        try answer("systemd", "host.machine.setUnits([\"nginx.service\": …])") { $0.units }
            .filter { units.contains($0.key) }
    }

    package func reload(_ unit: String) async throws {
        try faults.change()
        try answer("reloading \(unit)", "host.machine.onReload { unit in }") { $0.onReload }(unit)
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

    package func connections(to port: Int) throws -> Int {
        try answer("connections to port \(port)", "host.machine.onConnections { _ in 0 }") { $0.connections }(port)
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
