import CoreTypes
import Host
import HostFixtures
import Provisioning
import Synchronization
import SystemPackage
import Testing

private let layout = Layout(root: "/trial")

/// Directories and files of different kinds: enough changes to be stopped between.
private let steps: [any Step] = [
    DirectoryStep([
        .init("/trial/etc", mode: [.ownerReadWriteExecute]),
        .init("/trial/etc/app", mode: [.ownerReadWriteExecute, .groupReadExecute]),
        .init("/trial/data", mode: [.ownerReadWriteExecute]),
    ]),
    FileStep([
        .init("/trial/etc/app/one.conf", content: "one\n"),
        .init("/trial/etc/app/two.conf", content: "two\n", mode: [.ownerReadWrite]),
    ]),
]

@Suite struct EngineTests {
    @Test("a second run changes nothing and writes nothing")
    func secondRun() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        let first = try await engine.run(steps)
        #expect(first.flatMap(\.changes).count == 5)
        let before = host.disk.snapshot
        let second = try await engine.run(steps)
        #expect(second.isEmpty)
        #expect(host.disk.snapshot == before)
    }

    @Test("--check on a clean machine lists exactly the changes that a run then makes, and makes none of them")
    func plannedIsMade() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        let before = host.disk.snapshot
        let planned = try await engine.plan(steps)
        #expect(host.disk.snapshot == before)
        #expect(try await engine.run(steps) == planned)
    }

    @Test("a run that is stopped after any number of operations converges on the next one")
    func everyPowerCut() async throws {
        let whole = FakeHost()
        _ = try await Engine(host: whole, layout: layout).run(steps)
        let wanted = whole.disk.snapshot.filter { $0.key != layout.journal.string }
        let operations = whole.faults.count
        #expect(operations > 15)
        for cut in 0..<operations {
            let host = FakeHost()
            let engine = Engine(host: host, layout: layout)
            host.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await engine.run(steps) }
            host.faults.restorePower()
            host.disk.letGoOfAll()
            _ = try await engine.run(steps)
            #expect(host.disk.snapshot.filter { $0.key != layout.journal.string } == wanted, "cut after \(cut)")
            #expect(try await engine.plan(steps).isEmpty)
        }
    }

    @Test("drift is repaired, and only it")
    func drift() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        _ = try await engine.run(steps)
        host.disk.plant("/trial/etc/app/one.conf", "tampered\n")
        try host.disk.setMode("/trial/data", [.ownerReadWriteExecute, .otherWrite])
        let made = try await engine.run(steps)
        #expect(made.flatMap(\.changes).map(\.subject) == ["/trial/data", "/trial/etc/app/one.conf"])
        #expect(host.disk.text("/trial/etc/app/one.conf") == "one\n")
    }

    @Test("a second installer is told who holds the lock, and to try again")
    func lockHeld() async throws {
        let host = FakeHost()
        host.disk.hold(layout.installLock, by: 4711)
        let error = await #expect(throws: OperatorError.self) {
            try await Engine(host: host, layout: layout).run(steps)
        }
        #expect(error?.exit == .retry)
        #expect(error?.description.contains("process 4711") == true)
    }

    @Test("what a killed run had begun is waited for before anything is touched, and not for ever")
    func stragglers() async throws {
        let host = FakeHost()
        host.disk.hold(layout.commandsLock, by: 4711)
        host.manualClock.onAdvance { time in if time > .seconds(30) { host.disk.letGo(layout.commandsLock) } }
        let seen = Mutex<[Progress]>([])
        let engine = Engine(host: host, layout: layout) { progress in seen.withLock { $0.append(progress) } }
        _ = try await engine.run(steps)
        #expect(seen.withLock { $0 }.first == .awaitingKilledRun)
        #expect(host.manualClock.now.sinceStart > .seconds(30))

        let stuck = FakeHost()
        stuck.disk.hold(layout.commandsLock, by: 4711)
        let error = await #expect(throws: OperatorError.self) {
            try await Engine(host: stuck, layout: layout).run(steps)
        }
        #expect(error?.exit == .retry)
        // The next one is not told that this one still runs.
        stuck.disk.letGo(layout.commandsLock)
        #expect(try await Engine(host: stuck, layout: layout).run(steps).count == 2)
    }

    @Test("a run says whose lock it waits for, and in which step")
    func waiting() async throws {
        let host = FakeHost()
        let holder = PackageLockHolder(file: "/var/lib/apt/lists/lock", pid: 12, command: "apt-get")
        host.machine.setPackages([:])
        host.machine.setLockHolders([holder])
        let seen = Mutex<[Progress]>([])
        let engine = Engine(host: host, layout: layout) { progress in seen.withLock { $0.append(progress) } }
        _ = try await engine.run([PackagesStep([.init("nginx")], title: "packages")])
        #expect(seen.withLock { $0 }.contains(.waiting(step: "packages", holder)))
        #expect(holder.sentence == "/var/lib/apt/lists/lock is held by process 12 (apt-get)")
    }

    @Test("a step that does not hold after it was applied stops the run")
    func verification() async throws {
        let error = await #expect(throws: OperatorError.self) {
            try await Engine(host: FakeHost(), layout: layout).run([Forgetful()])
        }
        #expect(error?.because == "after applying it there is still something to do: remember the milk")
    }

    @Test("the next run says what a stopped one was doing")
    func resuming() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        // Past the lock's directory, the journal's directory and the run's first two lines.
        host.faults.cutPower(after: 4)
        await #expect(throws: (any Error).self) { try await engine.run(steps) }
        host.faults.restorePower()
        host.disk.letGoOfAll()
        let seen = Mutex<[Progress]>([])
        let watched = Engine(host: host, layout: layout) { progress in seen.withLock { $0.append(progress) } }
        _ = try await watched.run(steps)
        #expect(
            seen.withLock { $0.first } == .resuming(["create the directory /trial/etc (0700)"]))
    }
}

/// Applies and forgets.
private struct Forgetful: Step {
    let title = "shopping list"

    func check(_ host: any Host) async throws {}
    func plan(_ facts: Void) -> [Change] { [Change("milk", "remember the milk")] }
    func apply(_ change: Change, to host: any Host) async throws {}
}
