import Control
import CoreTypes
import Glibc
import Testing

@testable import Supervision

@Suite("Runtime: a service of systemd", .serialized)
struct ServiceRuntimeTests {
    @Test("the status line follows health, wishes and the live slot")
    func statusLine() throws {
        let fixture = try RuntimeFixture([
            shell("api@blue", "exec sleep 1000"),
            shell("sick@blue", "exec sleep 1000") {
                $0.probes.readiness = ProbeSpec(
                    check: .exec(command: ["/usr/bin/test", "-e", "/nowhere"]), interval: .milliseconds(50))
            },
        ])
        fixture.stack.live = .blue
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
        try systemd.wait("STATUS=live blue · 1 of 2 healthy\n")
        try fixture.client.stop([instance("sick@blue")])
        try systemd.wait("STATUS=live blue · 1 of 1 healthy\n")
        var next = fixture.stack
        next.live = .green
        // Nothing but the live slot changed.
        _ = try fixture.client.apply(next)
        try systemd.wait("STATUS=live green · 1 of 1 healthy\n")
        kill(fixture.pid, SIGTERM)
        try systemd.wait("STOPPING=1\n")
        try systemd.wait("STATUS=stopping\n")
        #expect(try fixture.stop() == 0)
    }

    @Test("WATCHDOG=1 comes from the loop: a supervisor that is stopped by SIGSTOP is silent")
    func watchdog() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)", "WATCHDOG_USEC=100000"])
        for _ in 0..<3 { try systemd.wait("WATCHDOG=1\n") }
        kill(fixture.pid, SIGSTOP)
        try fixture.wait("it is stopped") { kernelState(of: fixture.pid) == "T" }
        systemd.forget()
        // Two watchdog periods of another clock than the supervisor's.
        usleep(200_000)
        #expect(systemd.arrived() == 0)
        kill(fixture.pid, SIGCONT)
        try systemd.wait("WATCHDOG=1\n")
        #expect(try fixture.stop() == 0)
    }

    @Test("each event is an entry of the journal with its message id, and a child cannot write in our name")
    func journal() throws {
        let fixture = try RuntimeFixture([shell("api@blue", "env; exec sleep 1000")])
        let journal = try NotifySocket("\(fixture.root)/journal")
        try fixture.start(arguments: ["--journal", journal.path])
        let entry = try journal.wait("api@blue is up") {
            $0.contains("\nBEDPLATE_INSTANCE=api@blue\n") && $0.contains("\nBEDPLATE_STATE=up\n")
        }
        let fields = Set(entry.split(separator: "\n").map(String.init))
        let pid = try #require(try fixture.status("api@blue").pid)
        #expect(fields.contains("MESSAGE=api@blue: up, process \(pid)"))
        #expect(fields.contains("MESSAGE_ID=\(SupervisorEvent.Kind.state.messageID)"))
        #expect(fields.contains("BEDPLATE_PID=\(pid)"))
        #expect(try !fixture.lines("api@blue").contains { $0.contains(journal.path) })
        kill(pid, SIGKILL)
        try journal.wait("its end") { $0.contains("\nMESSAGE_ID=\(SupervisorEvent.Kind.ended.messageID)\n") }
        try fixture.client.reexecute()
        try journal.wait("the next image goes on with it") {
            $0.contains("\nMESSAGE_ID=\(SupervisorEvent.Kind.supervisorStarted.messageID)\n")
                && !$0.contains("BEDPLATE_PID=0")
        }
        #expect(try fixture.stop() == 0)
    }

    @Test("a journal that takes nothing holds up nobody, and what it missed is counted")
    func deafJournal() throws {
        let fixture = try RuntimeFixture([shell("crash", "exit 1") { $0.restart.maximum = .milliseconds(20) }])
        let journal = try NotifySocket("\(fixture.root)/journal", isDeaf: true)
        try fixture.start(arguments: ["--journal", journal.path])
        func lost() throws -> Double? {
            try fixture.client.metrics().first { $0.name == "bedplate_supervisor_journal_entries_lost" }?.samples
                .first?.value
        }
        try fixture.wait("its room is used up") { try lost() ?? 0 > 0 }
        let restarts = try fixture.status("crash").restarts
        try fixture.wait("restarts go on") { try fixture.status("crash").restarts > restarts + 2 }
        #expect(try fixture.stop() == 0)
    }
}
