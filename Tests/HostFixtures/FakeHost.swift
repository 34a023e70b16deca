package import Host

/// A machine in memory. Files, locks and the clock work from the start; every other effect is refused with a sentence
/// that says how to mock it.
package final class FakeHost: Host {
    package let faults: Faults
    package let disk: FakeFiles
    package let commands: FakeProcesses
    package let machine: FakeMachine
    package let settings: FakeKernel
    package let manualClock = ManualClock()

    package init(faults: Faults = Faults()) {
        self.faults = faults
        disk = FakeFiles(faults: faults)
        commands = FakeProcesses(faults: faults, disk: disk)
        machine = FakeMachine(faults: faults, disk: disk)
        settings = FakeKernel(faults: faults)
    }

    package var files: any FileSystem { disk }
    package var packages: any PackageManager { machine }
    package var units: any UnitManager { machine }
    package var accounts: any AccountDatabase { machine }
    package var processes: any ProcessRunner { commands }
    package var network: any NetworkTable { machine }
    package var system: any SystemInformation { machine }
    package var downloads: any Downloads { machine }
    package var databases: any Databases { machine.databases }
    package var kernel: any KernelSettings { settings }
    package var clock: any Clock<Duration> { manualClock }

    /// 2026-01-01 and as long as the clock was moved.
    package func wallTime() -> Int64 {
        1_767_225_600_000 + manualClock.now.sinceStart.components.seconds * 1000
    }
}
