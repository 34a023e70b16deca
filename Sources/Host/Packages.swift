package import SystemPackage

/// The distribution's packages: what its database says, and apt.
///
/// Every call that changes something waits for each lock of apt and dpkg, and is finished by the next call when it was
/// killed.
package protocol PackageManager: Sendable {
    /// All that the database says; read once for as long as it does not change.
    func database() throws -> PackageDatabase
    /// What `install` would add to the machine, by apt's own reckoning, sorted by name. Changes nothing, but finishes what a
    /// killed dpkg left half done.
    func additions(for request: PackageRequest) async throws -> [String]
    /// Reads the lists of the repositories where they may be out of date, and installs.
    func install(_ request: PackageRequest) async throws
    /// Installs a package from a file of this machine, in the place of whatever version is there, also where a killed dpkg
    /// left that half done. What it depends on comes from the lists as they are.
    func install(file: FilePath) async throws
    /// What `remove` would take away, sorted by name. Changes nothing.
    func removals(of names: [String]) async throws -> [String]
    /// `purging`: with their configuration and what they keep below /var.
    func remove(_ names: [String], purging: Bool) async throws
    /// A held package keeps its version when the system is upgraded.
    func setHold(_ isHeld: Bool, on names: [String]) async throws
    /// Finishes what a killed dpkg left half done.
    func repair() async throws
    /// Who holds a lock of apt or dpkg now.
    func lockHolders() throws -> [PackageLockHolder]
    /// The same packages, which tell the listener what goes on while a call changes something.
    func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager
    /// Addresses of the indexes that apt's own sources lead to, in apt's order. Changes nothing.
    func indexes() async throws -> [String]
    /// What apt thinks of this host. Changes nothing.
    func health() async throws -> PackageHealth
}

/// What apt thinks of a host, before it is asked to do anything.
package struct PackageHealth: Hashable, Sendable {
    /// Installed packages whose needs are not met, as apt says it; while there is one, apt installs nothing.
    package var complaints: [String]
    /// Whether apt takes an index whose time has passed.
    package var acceptsStaleIndexes: Bool
    /// Addresses of the indexes of which it takes one in any case.
    package var frozenIndexes: Set<String>

    package init(complaints: [String] = [], acceptsStaleIndexes: Bool = false, frozenIndexes: Set<String> = []) {
        self.complaints = complaints
        self.acceptsStaleIndexes = acceptsStaleIndexes
        self.frozenIndexes = frozenIndexes
    }
}

/// Packages by name, as dpkg's status file has them.
package struct PackageDatabase: Sendable {
    package var records: [String: PackageRecord]
    /// A dpkg works now, or was stopped before it had brought its notes into the database: until they are, apt does nothing.
    package var hasNotes: Bool
    /// Packages that were stopped while they were unpacked: nothing can be done with one but installing it again.
    package var torn: Set<String> = []

    package init(records: [String: PackageRecord] = [:], hasNotes: Bool = false) {
        self.records = records
        self.hasNotes = hasNotes
    }

    /// The version, where the package is fully installed.
    package func version(of name: String) -> String? {
        records[name].flatMap { $0.state == .installed ? $0.version : nil }
    }

    /// Whether the package is there, be it half done by a dpkg that was killed.
    package func has(_ name: String) -> Bool { records[name].map { $0.state != .absent } ?? false }

    /// The same as `dpkg --audit` lists it, each package with its condition: `nginx (half-configured)`.
    package var audit: [String] {
        unfinished.map { name in records[name]?.condition.map { "\(name) (\($0))" } ?? name }
    }

    /// What a dpkg left half done: packages, sorted by name, or at least its own notes.
    package var unfinished: [String] {
        let names = records.filter { $0.value.state == .unfinished }.keys.sorted()
        return names.isEmpty && hasNotes ? ["its notes"] : names
    }
}

/// One package.
package struct PackageRecord: Hashable, Sendable {
    package var version: String
    package var state: State
    package var isHeld: Bool
    /// Of an unfinished one: what dpkg calls it, `half-configured`; with `reinst-required` when it must be installed again.
    package var condition: String?

    package enum State: Sendable {
        case installed
        /// Unpacked, half installed, half configured, or waiting for triggers.
        case unfinished
        /// Not installed; its configuration may still be there.
        case absent
    }

    package init(version: String, state: State = .installed, isHeld: Bool = false) {
        self.version = version
        self.state = state
        self.isHeld = isHeld
    }
}

/// Packages to install in one go.
package struct PackageRequest: Hashable, Sendable {
    package var names: [String]
    /// What the packages are known to bring that later steps look at.
    package var brings: [Trace]

    package init(_ names: [String], brings: [Trace] = []) {
        self.names = names
        self.brings = brings
    }
}

/// What goes on during a change that takes a while.
package enum WorkNews: Hashable, Sendable {
    /// Somebody else holds a lock; it begins to be waited for.
    case waiting(PackageLockHolder)
    /// A line that a command said.
    case said(String)
}

/// Something that a package or a command is known to leave on the machine; a rehearsal takes it for done.
package enum Trace: Hashable, Sendable {
    /// A file whose content nobody looks at.
    case file(String)
    case directory(String)
    /// A unit that its package enables and starts, as Debian's do.
    case unit(String)
    /// A user with a group of its name.
    case account(String)
}

/// A process that holds a lock of apt or dpkg.
package struct PackageLockHolder: Hashable, Sendable {
    package let file: String
    package let pid: Int32
    package let command: String?

    package init(file: String, pid: Int32, command: String?) {
        self.file = file
        self.pid = pid
        self.command = command
    }

    /// Who holds which, for people: `/var/lib/dpkg/lock is held by process 4711 (dpkg)`.
    package var sentence: String { "\(file) is held by \(PortHolder(pid: pid, command: command).sentence)" }
}

extension PackageManager {
    /// Installed version by package name, for those of `names` that are fully installed.
    package func installed(_ names: [String]) throws -> [String: String] {
        let database = try database()
        var found: [String: String] = [:]
        for name in names { found[name] = database.version(of: name) }
        return found
    }
}
