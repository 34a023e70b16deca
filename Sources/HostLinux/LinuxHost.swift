package import CoreTypes
package import Host
import SystemPackage

/// This machine: Debian or Ubuntu with dpkg, systemd where it runs, and the kernel's own tables.
package struct LinuxHost: Host {
    package let files: any FileSystem = LinuxFiles()
    package let packages: any PackageManager
    package let units: any UnitManager = SystemdUnits()
    package let accounts: any AccountDatabase
    package let processes: any ProcessRunner = LinuxProcesses()
    package let network: any NetworkTable
    package let system: any SystemInformation
    package let downloads: any Downloads
    package let databases: any Databases
    package let kernel: any KernelSettings = LinuxKernel()
    package let clock: any Clock<Duration> = ContinuousClock()

    /// `databases`: the drivers, which this module does without.
    package init(databases: any Databases = NoDatabases()) {
        self.databases = databases
        accounts = LinuxAccounts(processes: processes)
        packages = AptPackages(
            status: DpkgStatus("/var/lib/dpkg/status"), locks: AptLocks(), processes: processes)
        downloads = AptDownloads(processes: processes)
        network = LinuxNetwork(proc: "/proc")
        system = LinuxSystem(osReleases: ["/etc/os-release", "/usr/lib/os-release"])
    }

    package func wallTime() -> Int64 { currentWallTime() }
}

/// For programs that have no business with databases.
package struct NoDatabases: Databases {
    package init() {}

    package func redis(port: Int, password: Secret?) async -> DatabaseAnswer { .away("this program has no driver") }
    package func mongo(port: Int, login: MongoLogin?) async -> DatabaseAnswer { .away("this program has no driver") }
    package func admitRedisPassword(port: Int, _ password: Secret, login: Secret) async throws { throw absent(port) }
    package func mongoRoles(port: Int, of user: String, login: MongoLogin) async throws -> Set<MongoUser.Role>? {
        throw absent(port)
    }
    package func putMongoUser(port: Int, _ user: MongoUser, login: MongoLogin?) async throws {
        throw absent(port)
    }

    private func absent(_ port: Int) -> HostError {
        .connection(address: "127.0.0.1", port: port, errno: .notSupported)
    }
}
