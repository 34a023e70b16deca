package import Host
import SystemPackage

/// This machine: Debian or Ubuntu with dpkg, systemd where it runs, and the kernel's own tables.
package struct LinuxHost: Host {
    package let files: any FileSystem = LinuxFiles()
    package let packages: any PackageManager
    package let units: any UnitManager = SystemdUnits()
    package let accounts: any AccountDatabase = LinuxAccounts()
    package let processes: any ProcessRunner = LinuxProcesses()
    package let network: any NetworkTable
    package let system: any SystemInformation
    package let clock: any Clock<Duration> = ContinuousClock()

    package init() {
        packages = DpkgPackages(status: "/var/lib/dpkg/status")
        network = LinuxNetwork(proc: "/proc")
        system = LinuxSystem(osReleases: ["/etc/os-release", "/usr/lib/os-release"])
    }

    package func wallTime() -> Int64 { currentWallTime() }
}
