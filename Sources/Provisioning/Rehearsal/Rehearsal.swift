import CoreTypes
import Host
import SystemPackage

/// A machine that is imagined on top of a real one: it reads through, and whatever is changed stays in memory. Steps
/// are applied to it to find out what an installation would change, so a plan and a run come from the same code.
///
/// What a command or a package leaves behind is taken from its own declaration (`Trace`).
final class Rehearsal: Host, Sendable {
    private let real: any Host
    private let imagined: ImaginedMachine
    private let overlay: ImaginedFiles
    private let settings: ImaginedKernel

    init(of real: any Host) {
        self.real = real
        overlay = ImaginedFiles(over: real.files)
        imagined = ImaginedMachine(over: real, files: overlay)
        settings = ImaginedKernel(over: real.kernel)
    }

    var files: any FileSystem { overlay }
    var packages: any PackageManager { imagined }
    var units: any UnitManager { imagined }
    var accounts: any AccountDatabase { imagined }
    var processes: any ProcessRunner { imagined }
    var network: any NetworkTable { real.network }
    var system: any SystemInformation { real.system }
    var downloads: any Downloads { imagined }
    var databases: any Databases { imagined }
    var kernel: any KernelSettings { settings }
    var clock: any Clock<Duration> { real.clock }
    func wallTime() -> Int64 { real.wallTime() }
}
