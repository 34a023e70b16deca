/// Installed packages, by the distribution's own database.
package protocol PackageManager: Sendable {
    /// Installed version by package name, for those of `names` that are fully installed.
    func installed(_ names: [String]) throws -> [String: String]
}

/// Units of the machine's service manager.
package protocol UnitManager: Sendable {
    /// Whether a service manager runs at all (sd_booted(3)).
    var isRunning: Bool { get }
    /// What the manager says of each unit, asked in one call over D-Bus.
    func states(_ units: [String]) throws -> [String: UnitState]
    /// Reloads a unit and returns when the manager has done it.
    func reload(_ unit: String) async throws
}

/// A unit in systemd's words.
package struct UnitState: Hashable, Sendable {
    /// `LoadState`: `loaded`, `not-found`, `masked`.
    package let load: String
    /// `ActiveState`: `active`, `inactive`, `failed`.
    package let active: String

    package init(load: String, active: String) {
        self.load = load
        self.active = active
    }
}

/// Users and groups.
package protocol AccountDatabase: Sendable {
    func user(named name: String) throws -> Account?
    /// A group's number.
    func group(named name: String) throws -> UInt32?
    /// Who runs this program.
    func current() throws -> Account
}

/// A user with the number of its primary group.
package struct Account: Hashable, Sendable {
    package let name: String
    package let user: UInt32
    package let group: UInt32

    package init(name: String, user: UInt32, group: UInt32) {
        self.name = name
        self.user = user
        self.group = group
    }
}

/// The kernel's tables of TCP sockets.
package protocol NetworkTable: Sendable {
    /// Who listens on a TCP port of a loopback or wildcard address; `nil`: nobody.
    func listener(on port: Int) throws -> PortHolder?
    /// Established connections whose local port is `port`.
    func connections(to port: Int) throws -> Int
    /// Connects to an address by number, sends `request`, and returns all that comes back until the end, at most
    /// `limit` bytes.
    func exchange(address: String, port: Int, request: [UInt8], limit: Int, timeout: Duration) async throws -> [UInt8]
}

/// The holder of a port; pid and name are unknown when the process is not ours to look at.
package struct PortHolder: Hashable, Sendable {
    package let pid: Int32?
    package let command: String?

    package init(pid: Int32?, command: String?) {
        self.pid = pid
        self.command = command
    }
}

/// What kind of machine this is.
package protocol SystemInformation: Sendable {
    /// The key-value pairs of os-release(5).
    func osRelease() throws -> [String: String]
}

extension PortHolder {
    /// Who it is, for people: `process 4711 (nginx)`.
    package var sentence: String {
        switch (pid, command) {
        case (let pid?, let command?): "process \(pid) (\(command))"
        case (let pid?, nil): "process \(pid)"
        case (nil, _): "a process of another user"
        }
    }
}
