import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: surviving crash and upgrade", .serialized)
struct ReexecutionRuntimeTests {
    /// The numbers in all of an instance's logs, oldest first.
    private func numbers(_ fixture: RuntimeFixture, _ name: String) -> [Int] {
        let directory = "\(fixture.stack.directories.logs)/\(name)"
        let text = run(["/bin/sh", "-c", "cat $(ls \(directory)/@*.log 2>/dev/null) \(directory)/current"])
        return text.split(separator: "\n").map { Int($0.split(separator: " ").last ?? "") ?? -1 }
    }

    private func firstGap(_ numbers: [Int]) -> String? {
        numbers.indices.first { numbers[$0] != $0 + 1 }.map { index in
            "line \(index + 1) of \(numbers.count) has \(numbers[max(0, index - 1)...min(index + 1, numbers.count - 1)])"
        }
    }

    @Test("no line is lost, doubled or torn when the supervisor is killed again and again in the middle of its work")
    func everyByteKept() throws {
        let large = LogPolicy(maximumSize: .mebibytes(1), keep: 10_000, maximumTotal: nil)
        let fixture = try RuntimeFixture([
            // Whole blocks of four kilobytes: lines are cut anywhere.
            shell("flood", "exec seq 1 100000000") { $0.logs = large },
            shell("plain", "exec seq 1 100000000") {
                $0.logs = LogPolicy(maximumSize: .mebibytes(1), keep: 10_000, timestamps: false, maximumTotal: nil)
            },
            shell("calm", "i=0; while :; do i=$((i+1)); printf li; printf 'ne %d\\n' $i; sleep 0.001; done") {
                $0.logs = large
            },
        ])
        try fixture.start()
        let rounds = 20
        for round in 0..<rounds {
            usleep(UInt32(20_000 + round * 1_000))
            fixture.crash()
            try fixture.start()
        }
        for name in ["flood", "plain", "calm"] { try fixture.client.stop([instance(name)]) }
        try fixture.wait("all is down") { try fixture.client.status().instances.allSatisfy { $0.state == .down } }
        #expect(try fixture.events().filter { $0.kind == .adopted }.count == 3 * rounds)
        for name in ["flood", "plain", "calm"] {
            var found = numbers(fixture, name)
            #expect(found.count > 100)
            // The last line of a killed writer may have no end.
            found.removeLast()
            #expect(firstGap(found) == nil, "\(name)")
        }
    }

    @Test(
        "re-executing keeps pid, children, log lines and the control socket", arguments: ["HUP", "Reexecute"])
    func reexecution(by way: String) throws {
        let fixture = try RuntimeFixture([
            shell("api", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.001; done"),
            shell("web", "exec sleep 1000") {
                $0.probes.startup = ProbeSpec(check: .exec(command: ["/bin/true"]))
                $0.requires = [instance("api")]
            },
        ])
        try fixture.start()
        try fixture.waitUntilUp("web")
        let before = try fixture.client.status()
        for _ in 0..<10 {
            let since = try fixture.client.status().since
            if way == "HUP" { kill(fixture.pid, SIGHUP) } else { try fixture.client.reexecute() }
            // Not one connection is refused: the listening socket is handed on.
            try fixture.wait("it is another image") { try fixture.client.status().since > since }
            #expect(try fixture.status("web").healthy, "what was healthy stays so")
        }
        let after = try fixture.client.status()
        #expect(after.pid == before.pid)
        #expect(after.instances.map(\.pid) == before.instances.map(\.pid))
        kill(try #require(after.instances.first { $0.name == instance("web") }?.pid), SIGTERM)
        // Its end is told to the parent, and that is still us.
        try fixture.wait("its end is seen") { try fixture.status("web").lastEnd == "killed by TERM" }
        try fixture.client.stop([instance("api")])
        try fixture.wait("it is down") { try fixture.status("api").state == .down }
        #expect(firstGap(numbers(fixture, "api")) == nil)
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("how a child ended while the supervisor re-executed is known to the next image")
    func endDuringReexecution() throws {
        let fixture = try RuntimeFixture([
            shell("job", "sleep 0.3; exit 0") { $0.kind = .oneshot }
        ])
        try fixture.start()
        for _ in 0..<100 where try fixture.status("job").state != .completed {
            try fixture.client.reexecute()
            usleep(5000)
        }
        try fixture.wait("it is completed") { try fixture.status("job").state == .completed }
        let starts = try fixture.events().filter { $0.instance == instance("job") && $0.state == .starting }
        #expect(starts.count == 1)
    }

    @Test("systemd is told of readiness, health, reloading and life, and keeps the pipes")
    func notifications() throws {
        let fixture = try RuntimeFixture([
            shell("api", "exec sleep 1000"), shell("web", "echo last words; exec sleep 1000"),
        ])
        fixture.stack.live = .blue
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)", "WATCHDOG_USEC=200000"])
        try fixture.waitUntilUp("web")
        try systemd.wait("READY=1\nMAINPID=\(fixture.pid)\n")
        try systemd.wait("STATUS=live blue · 2 of 2 healthy\n")
        for name in ["control", "notify", "log-api.out", "log-api.err", "log-web.out", "log-web.err"] {
            try systemd.wait("FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)\n")
        }
        #expect(
            systemd.kept.keys.sorted() == [
                "control", "log-api.err", "log-api.out", "log-web.err", "log-web.out", "notify",
            ])
        for _ in 0..<3 { try systemd.wait("WATCHDOG=1\n") }
        kill(fixture.pid, SIGHUP)
        try systemd.wait(prefix: "RELOADING=1\nMONOTONIC_USEC=")
        try systemd.wait("READY=1\nMAINPID=\(fixture.pid)\n")
        let child = try #require(try fixture.status("api").pid)
        #expect(!run(["/bin/cat", "/proc/\(child)/environ"]).contains("NOTIFY_SOCKET"))
        #expect(try fixture.stop() == 0)
        try systemd.wait("STOPPING=1\n")
    }

    @Test("a systemd that is slow to read is told of readiness, of the last state and of every pipe all the same")
    func slowSystemd() throws {
        // More to tell than fits into the socket's queue, whatever net.unix.max_dgram_qlen says.
        let names = (0..<300).map { "api-\($0)" }
        let fixture = try RuntimeFixture(names.map { shell($0, "exec sleep 1000") })
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
        for name in names { try fixture.waitUntilUp(name) }
        try systemd.wait("STATUS=300 of 300 healthy\n")
        try systemd.wait("READY=1\nMAINPID=\(fixture.pid)\n")
        // Two pipes each, the control socket and the notify socket.
        #expect(systemd.kept.count == 602)
        #expect(try fixture.stop() == 0)
    }

    @Test("while a child takes its time to stop, systemd is asked for more of it, again and again")
    func extendedStop() throws {
        let fixture = try RuntimeFixture([
            shell("api", "trap '' TERM; echo deaf; while :; do sleep 0.1; done") {
                $0.stop = [StopStep(signal: "TERM", wait: .seconds(1)), StopStep(signal: "KILL")]
            }
        ])
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)", "WATCHDOG_USEC=200000"])
        try fixture.wait("it is deaf") { try fixture.lines("api").count == 1 }
        kill(fixture.pid, SIGTERM)
        try systemd.wait("STOPPING=1\n")
        for _ in 0..<3 { try systemd.wait("EXTEND_TIMEOUT_USEC=400000\n") }
        #expect(try fixture.stop() == 0)
    }

    @Test("what a child wrote before it ended is kept by systemd's store while no supervisor runs")
    func storedPipe() throws {
        let fixture = try RuntimeFixture([shell("api", "")])
        let marker = "\(fixture.root)/go"
        run(["/usr/bin/mkfifo", marker])
        fixture.stack.instances[0].command[2] = "echo begin; read line < \(marker); echo last words; exit 3"
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
        try fixture.wait("it began") { try fixture.lines("api").count == 1 }
        let child = try #require(try fixture.status("api").pid)
        try systemd.wait("FDSTORE=1\nFDPOLL=0\nFDNAME=log-api.err\n")
        fixture.crash()
        run(["/bin/sh", "-c", "echo now > \(marker)"])
        try fixture.wait("it ended") { !isAlive(child) }
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"], passing: systemd.kept)
        try fixture.wait("its last words are there") {
            try fixture.lines("api").contains { $0.hasSuffix("last words") }
        }
    }
}
