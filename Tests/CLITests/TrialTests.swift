import Control
import CoreTypes
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

@Suite("Trial")
struct TrialTests {
    let typed = CommandLineFixture()

    @Test("the first start makes and starts everything, the second changes nothing")
    func twice() async throws {
        let first = await typed.startTrial()
        #expect(first.exit == 0)
        #expect(first.result.contains("blue is live, 3 of 3 healthy"))
        let before = typed.host.disk.snapshot
        let second = await typed.startTrial()
        #expect(second.exit == 0)
        #expect(second.result.contains("0 changes"))
        #expect(typed.host.disk.snapshot == before)
        #expect(typed.supervisor.starts == 1)
        #expect(try typed.supervisor.current().calls == [])
    }

    @Test("no secret's value is ever said")
    func silence() async throws {
        let said = await typed.startTrial("--json")
        let value = try #require(typed.host.disk.text(typed.layout.secrets.appending("TOKEN")))
        #expect(!said.result.contains(value))
        #expect(!said.progress.contains { $0.contains(value) })
        let shown = await typed.type("secrets", "show", "TOKEN", "--reveal", "--root", "/trial")
        #expect(shown.result == value)
    }

    @Test("settings are kept for later runs, and a later one of the same key replaces the earlier")
    func settings() async throws {
        await typed.startTrial("--set", "front_door.listen=127.0.0.1:9080", "--set", "front_door.drain=5s")
        #expect(await typed.startTrial().result.contains("http://127.0.0.1:9080"))
        #expect(await typed.startTrial("--set", "front_door.listen=127.0.0.1:9081").result.contains(":9081"))
        let kept = try #require(typed.host.disk.text(typed.layout.settings))
        let lines = kept.split(separator: "\n").filter { !$0.hasPrefix("#") }.sorted()
        #expect(
            lines == [
                "account=null", "front_door.drain=5s", "front_door.listen=127.0.0.1:9081",
                "front_door.manager=supervisor", "services.queue=embedded", "services.store=embedded",
                "switch.watch=5s",
            ])
    }

    @Test("a setting that is refused is not kept, and one that was kept is named with its file")
    func badSettings() async throws {
        await typed.startTrial()
        let said = await typed.startTrial("--set", "nope=1")
        #expect(said.exit == 64)
        #expect(!said.failure.contains("\(typed.layout.settings)"))
        #expect(typed.host.disk.text(typed.layout.settings)?.contains("nope") == false)
        typed.host.disk.plant(typed.layout.settings, "nope=1\n")
        let kept = await typed.startTrial()
        #expect(kept.exit == 64)
        #expect(kept.failure.contains("correct \(typed.layout.settings), which keeps what --set said"))
    }

    @Test("a root whose path nginx cannot be told of is refused before anything is made")
    func blankInRoot() async {
        let before = typed.host.disk.snapshot
        let said = await typed.type("trial", "start", "--root", "/a b", "--checkout", "/checkout")
        #expect(said.exit == 64)
        #expect(said.failure.contains("has a character that nginx would interpret"))
        #expect(typed.host.disk.snapshot == before)
    }

    @Test("a port that somebody else has is named with its holder, and nothing is made")
    func takenPort() async {
        typed.host.machine.setListeners([8002: PortHolder(pid: 7, command: "python3")])
        let before = typed.host.disk.snapshot
        let said = await typed.startTrial()
        #expect(said.exit == 1)
        #expect(said.failure.contains("port 8002, for api@green, is taken by process 7 (python3)"))
        #expect(typed.host.disk.snapshot == before)
    }

    @Test("after the supervisor was killed, a start takes its processes over")
    func takesOver() async {
        await typed.startTrial()
        typed.supervisor.crash()
        typed.plantProcess(500, startTime: 4711)
        typed.host.machine.setListeners([8001: PortHolder(pid: 500, command: "cspm")])
        let said = await typed.startTrial()
        #expect(said.exit == 0)
        #expect(typed.supervisor.starts == 2)
    }

    @Test("a process that began after the last snapshot of a killed supervisor is taken over too")
    func youngerThanTheSnapshot() async {
        await typed.startTrial()
        typed.supervisor.crash()
        typed.plantProcess(500, startTime: 4711)
        typed.plantRun("b api@blue 600 4800 0123456789abcdef\nb api@gre")
        typed.plantEntry(600, startTime: 4800)
        typed.host.machine.setListeners([8001: PortHolder(pid: 600, command: "cspm")])
        let said = await typed.startTrial()
        #expect(said.exit == 0, "\(said.failure)")
        #expect(typed.supervisor.starts == 2)
    }

    @Test("a process that got the number of one of ours is a stranger")
    func recycledPid() async {
        await typed.startTrial()
        typed.supervisor.crash()
        typed.plantProcess(500, startTime: 9999)
        typed.host.machine.setListeners([8001: PortHolder(pid: 500, command: "cspm")])
        #expect(await typed.startTrial().failure.contains("port 8001, for api@blue, is taken by process 500"))
        #expect(await typed.type("trial", "stop", "--root", "/trial").result.hasSuffix("is not running."))
    }

    @Test("after the supervisor was killed, a stop leaves nothing of the stack running")
    func stopsWhatIsLeft() async {
        await typed.startTrial()
        typed.supervisor.crash()
        typed.plantProcess(500, startTime: 4711)
        let said = await typed.type("trial", "stop", "--root", "/trial")
        #expect(said.exit == 0)
        #expect(said.result.contains("is stopped"))
        #expect(typed.supervisor.starts == 2)
        #expect(throws: OperatorError.self) { try typed.supervisor.status() }
    }

    @Test("a supervisor that this very run started and that has ended is no reason to wait")
    func zombie() async {
        await typed.startTrial()
        let zeros = Array(repeating: "0", count: 17).joined(separator: " ")
        typed.host.disk.plant("/proc/99/stat", "99 (bedplated) Z 1 \(zeros) 5 0 0")
        #expect(await typed.type("trial", "stop", "--root", "/trial").exit == 0)
        #expect(typed.host.manualClock.now.sinceStart < .seconds(1))
    }

    @Test("a second supervisor is not started beside one that runs and does not answer")
    func muteSupervisor() async {
        await typed.startTrial()
        typed.supervisor.crash()
        typed.plantProcess(500, startTime: 4711, childOf: 99)
        typed.host.disk.plant("/proc/99/cmdline", "\(typed.layout.bedplated)\0--stack\0x\0")
        for verb in ["start", "stop"] {
            let said = await typed.type("trial", verb, "--root", "/trial")
            #expect(said.exit == 1)
            #expect(said.failure.contains("the supervisor (process 99) runs, but does not answer"))
        }
        #expect(typed.supervisor.starts == 1)
    }

    @Test("a start finishes a switch that was stopped half-way, whether or not the supervisor still runs")
    func finishesSwitch() async throws {
        for crashes in [false, true] {
            let typed = CommandLineFixture()
            await typed.startTrial()
            // Stopped between writing live.conf and telling nginx.
            let green = try #require(typed.host.disk.text(typed.layout.live))
                .split(separator: "blue").joined(separator: "green")
            typed.host.disk.plant(typed.layout.live, green.split(separator: "8001").joined(separator: "8002"))
            var record = try #require(try SlotRecord.load(typed.layout, on: typed.host))
            record.ongoing = .init(from: .blue, to: .green, stage: .flipping, began: 0)
            try record.save(typed.layout, on: typed.host)
            if crashes { typed.supervisor.crash() }
            let said = await typed.startTrial()
            #expect(said.exit == 0)
            #expect(said.result.contains("green is live"))
            #expect(try SlotRecord.load(typed.layout, on: typed.host)?.ongoing == nil)
            let supervisor = try typed.supervisor.current()
            #expect(supervisor.calls.contains("signal nginx HUP"))
            #expect(supervisor.up.isDisjoint(with: [try InstanceName("api@blue")]))
        }
    }

    @Test("what a stopped switch left sick in the idle slot does not keep a start from ending")
    func sickIdleSlot() async throws {
        await typed.startTrial()
        let supervisor = try typed.supervisor.current()
        let green = try InstanceName("api@green")
        supervisor.sicken(green, because: "exited 1")
        try supervisor.start([green])
        let said = await typed.startTrial()
        #expect(said.exit == 0)
        #expect(said.result.contains("3 of 4 healthy"))
    }
}
