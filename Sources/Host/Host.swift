/// All that our code may learn from, or do to, a machine.
package protocol Host: Sendable {
    var files: any FileSystem { get }
    var packages: any PackageManager { get }
    var units: any UnitManager { get }
    var accounts: any AccountDatabase { get }
    var processes: any ProcessRunner { get }
    var network: any NetworkTable { get }
    var system: any SystemInformation { get }
    var downloads: any Downloads { get }
    var databases: any Databases { get }
    var kernel: any KernelSettings { get }
    var clock: any Clock<Duration> { get }
    /// Milliseconds since 1970, for records; never for measuring.
    func wallTime() -> Int64
}
