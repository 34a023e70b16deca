/// Units of the machine's service manager.
package protocol UnitManager: Sendable {
    /// Whether a service manager runs at all (sd_booted(3)).
    var isRunning: Bool { get }
    /// What the manager says of each unit, asked in one batch over D-Bus.
    func states(_ units: [String]) throws -> [String: UnitState]
    /// Makes a unit start with the machine.
    func enable(_ unit: String) async throws
    func disable(_ unit: String) async throws
    /// Each of these lets the manager read changed unit files first, and returns when the job is done.
    func reload(_ unit: String) async throws
    func start(_ unit: String) async throws
    func stop(_ unit: String) async throws
    func restart(_ unit: String) async throws
}

/// A unit in systemd's words.
package struct UnitState: Hashable, Sendable {
    /// `LoadState`: `loaded`, `not-found`, `masked`.
    package var load: String
    /// `ActiveState`: `active`, `inactive`, `failed`.
    package var active: String
    /// The state of its file: `enabled`, `disabled`, `static`; empty where it has none.
    package var enablement: String

    package init(load: String, active: String, enablement: String = "") {
        self.load = load
        self.active = active
        self.enablement = enablement
    }
}
