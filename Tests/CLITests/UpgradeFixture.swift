import CLI
import Control
import CoreTypes
import Host
import HostFixtures
import Synchronization
import SystemPackage

/// A host that runs version 1.0.0 of a package of ours, and `bedplate upgrade` typed on it.
final class UpgradeFixture {
    /// What dpkg-deb says of the file.
    struct Package {
        var name = "bedplate"
        var version = "1.1.0"
        var architecture = "amd64"
        var isWhole = true
    }

    /// SHA-256 of "a package".
    static let digest = "c0cd5ccfdb563a59366e33e73001b78fdb8cca5a6c48e2f90fffcde44b81f1f6"
    static let torn: PackageDatabase = {
        var database = PackageDatabase(records: ["bedplate": PackageRecord(version: "1.0.0", state: .unfinished)])
        database.torn = ["bedplate"]
        return database
    }()

    private final class Record: Sendable {
        let files = Mutex<[FilePath]>([])
    }

    let host = FakeHost()
    private let runs: Bool
    private let supervisor: FakeSupervisor
    private let record = Record()

    /// `runs`: whether there is a supervisor; `reexecutes`: whether it becomes the new program; `onUpgrade`: what happens
    /// to it besides.
    init(
        runs: Bool = true, reexecutes: Bool = true,
        onUpgrade: @escaping @Sendable (FakeSupervisor) throws -> Void = { _ in },
        preparing change: (inout Package, FakeHost) -> Void = { _, _ in }
    ) throws {
        self.runs = runs
        let names = [try InstanceName("api@blue"), try InstanceName("engine")]
        supervisor = FakeSupervisor(
            stack: Stack(
                profile: "sample", directories: .init(state: "/s", logs: "/l", run: "/r"),
                instances: names.map { InstanceSpec(name: $0, command: ["/bin/true"]) }, live: .blue),
            up: Set(names))
        supervisor.reexecuted(as: "1.0.0", since: 1)
        host.disk.plant("/srv/bedplate.deb", "a package")
        host.machine.setPackages(["bedplate": "1.0.0"])
        host.machine.setSpace(Space(device: 1, available: 1 << 30))
        var package = Package()
        change(&package, host)
        answer(package)
        host.machine.onInstallFile { [host, supervisor, record, package] path in
            record.files.withLock { $0.append(path) }
            host.machine.setPackages(["bedplate": package.version])
            host.disk.plant("/var/lib/dpkg/info/bedplate.md5sums", "0 usr/bin/bedplate \(package.version)\n")
            if reexecutes { supervisor.reexecuted(as: package.version, since: 2) }
            try onUpgrade(supervisor)
        }
    }

    /// What was installed, in order.
    var installedFiles: [FilePath] { record.files.withLock { $0 } }

    private func answer(_ package: Package) {
        @Sendable func said(_ text: String, _ code: Int32 = 0) -> CommandResult {
            CommandResult(status: .exited(code), output: text, errors: "")
        }
        host.commands.onRun("/usr/bin/dpkg-deb") { command in
            switch command.arguments.first {
            case "--field":
                said(
                    "Package: \(package.name)\nVersion: \(package.version)\nArchitecture: \(package.architecture)\n"
                        + "Installed-Size: 56000\n")
            case "--contents": said("", package.isWhole ? 0 : 2)
            default: said("0 usr/bin/bedplate \(package.version)\n")
            }
        }
        host.commands.onRun("/usr/bin/dpkg") { command in
            guard command.arguments.first == "--compare-versions" else { return said("amd64\n") }
            // Enough for the versions of these tests.
            return said("", command.arguments[1] >= command.arguments[3] ? 0 : 1)
        }
    }

    func upgrade(_ more: String...) async -> CommandLineFixture.Said {
        let terminal = RecordingTerminal()
        let nobody = StartedSupervisor(host, stack: "/none")
        let client: any SupervisorClient = runs ? supervisor : nobody
        let invocation = Invocation(
            host: host, programs: "/usr/bin", workingDirectory: "/srv", terminal: terminal, supervisor: { _ in client })
        let exit = await Program.run(["upgrade", "bedplate.deb"] + more, as: invocation)
        return CommandLineFixture.Said(
            exit: exit, result: terminal.results.joined(separator: "\n"), progress: terminal.progress,
            failure: terminal.failures.joined(separator: "\n"))
    }
}
