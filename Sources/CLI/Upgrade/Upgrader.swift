import Control
import CoreTypes
import Host
import Provisioning
import SystemPackage

/// Replaces Bedplate by the version in a package, and sees for itself that what ran before runs on.
struct Upgrader {
    private static let doing = "upgrade"
    /// Beside what the new version takes: dpkg's own notes, and the programs unpacked next to those that they replace.
    private static let margin: Int64 = 32 << 20
    /// How long the supervisor may take to become its new program.
    private static let patience = Duration.seconds(30)

    let host: any Host
    let layout: Layout
    let terminal: any Terminal
    let client: any SupervisorClient

    /// `takesOlder`: also a version before the installed one. Fails before anything is changed when the package is not
    /// what it should be; later failures say in which state the host is.
    func upgrade(to path: FilePath, checksOnly: Bool, takesOlder: Bool) async throws -> UpgradeAnswer {
        guard layout.root == "/" else {
            throw OperatorError(
                doing: Self.doing, because: "a package is of the whole machine, and not below \(layout.root)",
                next: "a trial takes up a newer build by 'bedplate trial start'", exit: .usage)
        }
        let package = try await PackageFile(reading: path, on: host, doing: "upgrade to \(path)")
        let doing = "upgrade to \(package.version)"
        let installed = try installedVersion(doing: doing)
        try await demandArchitecture(of: package, doing: doing)
        try await demandNotOlder(package, than: installed, takesOlder: takesOlder, doing: doing)
        try demandRoom(for: package, doing: doing)
        let before = try runningSupervisor()
        var answer = UpgradeAnswer(from: installed.version, to: package.version, before: before)
        if installed.isWhole, installed.version == package.version, try isInstalled(package) {
            answer.outcome = .unchanged
            return answer
        }
        guard !checksOnly else { return answer }

        let terminal = terminal
        let lock = try await InstallLock.take(layout, on: host, doing: doing) {
            terminal.progress("  waiting: a command of an installation that was killed has not ended")
        }
        defer { lock.release() }
        terminal.progress("  installing \(package.version) over \(installed.version)")
        let packages = host.packages.telling { news in
            if case .waiting(let holder) = news { terminal.progress("  waiting: \(holder.sentence)") }
        }
        do { try await packages.install(file: package.path) } catch {
            throw failure(doing, error, package, before)
        }
        answer.outcome = .upgraded
        if let before { answer.compare(with: try await reexecuted(before, doing: doing)) }
        return answer
    }

    // MARK: Before anything is changed

    private struct Installed {
        let version: String
        let isWhole: Bool
    }

    private func installedVersion(doing: String) throws -> Installed {
        let record = try host.packages.database().records[PackageFile.name]
        guard let record, record.state != .absent else {
            throw OperatorError(
                doing: doing, because: "this host has no package of \(PackageFile.name) that could be upgraded",
                next: "sudo ./install.sh --deb FILE installs it", exit: .usage)
        }
        return Installed(version: record.version, isWhole: record.state == .installed)
    }

    private func demandArchitecture(of package: PackageFile, doing: String) async throws {
        let result = try await host.processes.run(
            Command("/usr/bin/dpkg", "--print-architecture"), timeout: .seconds(10))
        let own = result.output.split(separator: "\n").first.map(String.init) ?? ""
        guard result.status == .exited(0), package.architecture == own else {
            throw OperatorError(
                doing: doing, because: "the package is for \(package.architecture), and this host is \(own)",
                next: "take the package for \(own); nothing was changed", exit: .usage)
        }
    }

    private func demandNotOlder(
        _ package: PackageFile, than installed: Installed, takesOlder: Bool, doing: String
    ) async throws {
        let comparison = Command("/usr/bin/dpkg", "--compare-versions", package.version, "ge", installed.version)
        switch try await host.processes.run(comparison, timeout: .seconds(10)).status {
        case .exited(0): return
        case .exited(1) where takesOlder: return
        case .exited(1):
            throw OperatorError(
                doing: doing, because: "\(installed.version) is installed, which is newer",
                next: "add --downgrade if you mean it; nothing was changed", exit: .usage)
        case let status:
            throw OperatorError(doing: doing, because: "dpkg cannot compare it with \(installed.version): \(status)")
        }
    }

    private func demandRoom(for package: PackageFile, doing: String) throws {
        let room = try host.system.space(at: layout.programs).available
        let needed = package.installedSize + Self.margin
        guard room >= needed else {
            throw OperatorError(
                doing: doing,
                because: "it needs \(needed >> 20) MiB below \(layout.programs), and \(room >> 20) are free",
                next: "make room and run the same command again; nothing was changed")
        }
    }

    private func isInstalled(_ package: PackageFile) throws -> Bool {
        let list = FilePath("/var/lib/dpkg/info/\(PackageFile.name).md5sums")
        return try host.files.readIfPresent(list, limit: 1 << 20) == Array(package.digests.utf8)
    }

    // MARK: Afterwards

    private func runningSupervisor() throws -> StatusReply? {
        do { return try client.status() } catch let error as OperatorError where error.exit == .retry { return nil }
    }

    /// What the supervisor says once it is the new program; it must be the same process.
    private func reexecuted(_ before: StatusReply, doing: String) async throws -> StatusReply {
        var last: StatusReply?
        let patience = Patience(clock: host.clock, limit: Self.patience)
        let isNew = try await patience.sees {
            last = try runningSupervisor()
            return last.map { $0.since > before.since } ?? false
        }
        guard let last else {
            throw OperatorError(
                doing: doing, because: "the package is installed, and the supervisor does not answer any more",
                next: "systemctl status \(Installer.unit); journalctl -u \(Installer.unit)")
        }
        guard isNew else {
            throw OperatorError(
                doing: doing,
                because:
                    "the package is installed, and the supervisor still runs \(before.version); what it runs goes on",
                next: "systemctl reload \(Installer.unit), then bedplate status")
        }
        return last
    }

    /// In which state apt left the host, and how to go on from there.
    private func failure(
        _ doing: String, _ error: any Error, _ package: PackageFile, _ before: StatusReply?
    ) -> OperatorError {
        // Whatever cannot be asked now, the first failure is what is told.
        let database = try? host.packages.database()
        let again = "run the same command again"
        let state: String
        let next: String
        switch database?.records[PackageFile.name] {
        case let record? where record.state == .installed && database?.hasNotes == false:
            state = "\(record.version) is installed and whole"
            next = "mend that, then \(again)"
        case _ where database?.torn.contains(PackageFile.name) == true:
            // The command itself may be one of the files that are missing.
            state = "its files are replaced in part"
            next = "mend that, then apt-get install --reinstall \(package.path)"
        default:
            state = "dpkg has not finished"
            next = "mend that, then dpkg --configure -a, then \(again)"
        }
        let instances = before == nil ? nil : (try? runningSupervisor())?.instances.filter { $0.pid != nil }.count
        let runs = instances.map { "; the supervisor runs on with \(counted($0, "instance"))" } ?? ""
        var exit = CoreTypes.ExitCode.failed
        if case HostError.locked = error { exit = .retry }
        return OperatorError(
            doing: doing, because: "\(error)\n  now: \(state)\(runs)", next: next, cause: error, exit: exit)
    }
}
