import Glibc
package import Host
import Synchronization
package import SystemPackage

/// apt and dpkg, told to ask nobody anything.
package struct AptPackages: PackageManager {
    private static let aptGet: FilePath = "/usr/bin/apt-get"
    private static let options = [
        "-q", "-y", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0",
        // A changed configuration file stays as the administrator has it.
        "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
        // Without it a bad signature is a warning, as long as there are lists from before.
        "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Retries=3", "-o", "APT::Get::AutomaticRemove=false",
    ]
    /// For programs that look after restarts or questions of their own accord.
    private static let environment = [
        "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "APT_LISTCHANGES_FRONTEND": "none",
        "HOME": "/root",
    ]
    private let status: DpkgStatus
    private let locks: AptLocks
    private let processes: any ProcessRunner
    private var listener: @Sendable (WorkNews) -> Void = { _ in }
    private let refreshed = Refreshed()

    package init(status: DpkgStatus, locks: AptLocks, processes: any ProcessRunner) {
        self.status = status
        self.locks = locks
        self.processes = processes
    }

    package func database() throws -> PackageDatabase { try status.database() }
    package func lockHolders() throws -> [PackageLockHolder] { try locks.holders() }

    package func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager {
        var telling = self
        telling.listener = listener
        return telling
    }

    package func indexes() async throws -> [String] {
        // It prints `'ADDRESS' name size` for each file that an update would ask for.
        let command = Command(Self.aptGet, arguments: ["--print-uris", "update"], environment: Self.environment)
        return try await demand(command, .seconds(60)).output.split(separator: "\n").compactMap { line in
            let address = line.split(separator: "'").first.map(String.init) ?? ""
            return address.hasSuffix("/InRelease") ? address : nil
        }
    }

    package func health() async throws -> PackageHealth {
        // Read as apt reads it, with every file and default.
        let configuration = Command(
            "/usr/bin/apt-config", "shell", "CHECKS", "Acquire::Check-Valid-Until/b", environment: Self.environment)
        let setting = try await demand(configuration, .seconds(60)).output
        var health = PackageHealth(
            acceptsStaleIndexes: setting.contains("'false'"), frozenIndexes: try AptSources.frozen())
        // A half-done dpkg is finished before apt is asked for anything.
        guard try status.database().unfinished.isEmpty else { return health }
        // It needs no lock to look, and leaves its caches alone.
        let look = Command(
            Self.aptGet, "-q", "-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=", "-o",
            "Dir::Cache::srcpkgcache=", "check", environment: Self.environment)
        let result = try await processes.run(look, timeout: .seconds(120))
        if result.status != .exited(0) {
            // ` nginx : Depends: nginx-common but it is not installed`
            let needs = result.output.split(separator: "\n").filter { $0.contains(": Depends: ") }.prefix(5)
            health.complaints = needs.isEmpty ? [result.complaint] : needs.map { $0.trimming(" ") }
        }
        return health
    }

    package func additions(for request: PackageRequest) async throws -> [String] {
        try await settle()
        try await refresh()
        return try await simulated("Inst", ["install", "--no-install-recommends"] + request.names) {
            // `Inst name [old version] (…)` is an upgrade.
            !$0.hasPrefix("[")
        }
    }

    package func install(_ request: PackageRequest) async throws {
        try await settle()
        try await refresh()
        try await apt(["install", "--no-install-recommends"] + request.names, timeout: .seconds(3600))
    }

    package func install(file: FilePath) async throws {
        try await locks.wait(limit: .seconds(600), telling: waiting)
        // A package that was stopped while it was unpacked is whole only after apt has brought it: this may fail.
        let finishing = try status.database().unfinished.isEmpty ? nil : try await configure()
        do {
            try await apt(
                ["install", "--no-install-recommends", "--reinstall", "--allow-downgrades", file.string],
                timeout: .seconds(3600))
        } catch {
            guard let finishing, finishing.status != .exited(0) else { throw error }
            throw Self.notFinished(finishing, error)
        }
    }

    package func removals(of names: [String]) async throws -> [String] {
        try await simulated("Remv", ["remove"] + names) { _ in true }
    }

    package func remove(_ names: [String], purging: Bool) async throws {
        try await settle()
        try await apt([purging ? "purge" : "remove"] + names, timeout: .seconds(3600))
    }

    package func setHold(_ isHeld: Bool, on names: [String]) async throws {
        try await locks.wait(limit: .seconds(600), telling: waiting)
        try await demand(
            Command("/usr/bin/apt-mark", arguments: [isHeld ? "hold" : "unhold"] + names), .seconds(60), hearing: said)
    }

    package func repair() async throws {
        try await locks.wait(limit: .seconds(600), telling: waiting)
        let outcome = try await configure()
        // It fails, too, where a package waits for one that has not been unpacked yet, or was itself stopped while it was
        // unpacked: those are for apt to bring.
        do {
            if try !status.database().unfinished.isEmpty { try await refresh() }
            // Without names first: apt refuses to take a name while something else is missing. What it recommends besides
            // was not asked for by anybody.
            let fix = ["install", "--no-install-recommends", "--fix-broken"]
            var failure: (any Error)?
            do { try await apt(fix, timeout: .seconds(1800)) } catch { failure = error }
            // It unpacks again by itself what is half installed, and not what dpkg was about to note as unpacked.
            let torn = try status.database().torn.sorted()
            if !torn.isEmpty {
                try await apt(fix + ["--reinstall"] + torn, timeout: .seconds(1800))
            } else if let failure {
                throw failure
            }
        } catch {
            guard outcome.status != .exited(0) else { throw error }
            throw Self.notFinished(outcome, error)
        }
    }

    private func configure() async throws -> CommandResult {
        let command = Command(
            "/usr/bin/dpkg", arguments: ["--configure", "-a", "--force-confdef", "--force-confold"],
            environment: Self.environment)
        return try await processes.run(command, timeout: .seconds(1800), hearing: said)
    }

    private static func notFinished(_ outcome: CommandResult, _ error: any Error) -> HostError {
        .ended(command: "dpkg --configure -a", how: "failed", said: "\(outcome.complaint)\n\(error)")
    }

    /// An apt that went on when its installer was killed may be stopped at any moment, too: what it leaves half done when it
    /// lets go of its locks is finished before anything else.
    private func settle() async throws {
        try await locks.wait(limit: .seconds(600), telling: waiting)
        if try !status.database().unfinished.isEmpty { try await repair() }
    }

    /// Reads the lists once in the life of this program, and again after a change of the sources.
    private func refresh() async throws {
        let sources = try Self.sources()
        guard refreshed.sources.withLock({ $0 }) != sources else { return }
        try await apt(["update"], timeout: .seconds(900))
        refreshed.sources.withLock { $0 = sources }
    }

    private final class Refreshed: Sendable {
        let sources = Mutex<[String]?>(nil)
    }

    /// What tells that the sources have changed: their files with size and time.
    private static func sources() throws -> [String] {
        let files = LinuxFiles()
        var found: [String] = []
        for folder in ["/etc/apt", "/etc/apt/sources.list.d", "/etc/apt/keyrings", "/etc/apt/preferences.d"] {
            guard try files.status(FilePath(folder)) != nil else { continue }
            for name in try files.list(FilePath(folder)) {
                var status = stat()
                guard stat("\(folder)/\(name)", &status) == 0 else { continue }
                found.append("\(folder)/\(name) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)")
            }
        }
        return found
    }

    private func simulated(
        _ word: String, _ arguments: [String], where isWanted: (Substring) -> Bool
    ) async throws -> [String] {
        let command = Command(
            Self.aptGet, arguments: Self.options + ["--simulate"] + arguments, environment: Self.environment)
        let said = try await demand(command, .seconds(120)).output
        let names = said.split(separator: "\n").compactMap { line -> String? in
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count >= 2, parts[0] == word, isWanted(parts.count > 2 ? parts[2] : "") else { return nil }
            return String(parts[1].prefix { $0 != ":" })
        }
        return Set(names).sorted()
    }

    /// Locks are waited for first, and again when somebody was quicker than we were.
    private func apt(_ arguments: [String], timeout: Duration) async throws {
        let command = Command(
            Self.aptGet, arguments: Self.options + arguments, environment: Self.environment)
        let watch = Stopwatch(ContinuousClock())
        while true {
            try await locks.wait(limit: .seconds(600), telling: waiting)
            do {
                try await demand(command, timeout, hearing: said)
                return
            } catch {
                guard watch.elapsed < .seconds(600), try !locks.holders().isEmpty else { throw error }
            }
        }
    }

    private func waiting(_ holder: PackageLockHolder) { listener(.waiting(holder)) }
    private func said(_ line: String) { listener(.said(line)) }

    @discardableResult
    private func demand(
        _ command: Command, _ timeout: Duration, hearing listener: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> CommandResult {
        try await processes.demand(command, timeout: timeout, hearing: listener)
    }
}

extension ProcessRunner {
    /// Runs a command that must end with 0.
    @discardableResult
    func demand(
        _ command: Command, timeout: Duration, hearing listener: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> CommandResult {
        let result = try await run(command, timeout: timeout, hearing: listener)
        let how: String
        switch result.status {
        case .exited(0): return result
        case .exited(let code): how = "ended with \(code)"
        case .signalled(let signal): how = "was ended by signal \(signal)"
        case .timedOut: how = "did not end within \(timeout)"
        }
        // The options are always the same ones: the last words say what it was about.
        let name = command.executable.lastComponent?.string ?? ""
        let words = command.arguments.drop { $0.hasPrefix("-") || $0.contains("::") }
        throw HostError.ended(
            command: ([name] + words).joined(separator: " "), how: how, said: result.complaint)
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String { String(drop { $0 == character }) }
}
