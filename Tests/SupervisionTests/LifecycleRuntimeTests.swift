import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: processes", .serialized)
struct LifecycleRuntimeTests {
    @Test("TERM stops the stack in reverse order, exits 0 and leaves no process")
    func orderlyStop() throws {
        let fixture = try RuntimeFixture([
            shell("web", "sleep 1000 & wait") { $0.requires = [instance("api")] }, shell("api", "sleep 1000 & wait"),
        ])
        try fixture.start()
        try fixture.waitUntilUp("web")
        try fixture.wait("each has its own child") { fixture.processes().count >= 4 }
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
        let ends = try #require(read("\(fixture.stack.directories.state)/events.jsonl"))
            .split(separator: 0x0A).compactMap { try? JSON(parsing: $0).decode(SupervisorEvent.self) }
            .filter { $0.kind == .ended }.compactMap(\.instance?.description)
        #expect(ends == ["web", "api"])
    }

    @Test("a child that ignores TERM is killed after its wait")
    func ignoresTerm() throws {
        let fixture = try RuntimeFixture([
            shell("deaf", "trap '' TERM; echo ready; while :; do sleep 1; done") {
                $0.stop = [StopStep(signal: "TERM", wait: .milliseconds(300)), StopStep(signal: "KILL")]
            }
        ])
        try fixture.start()
        try fixture.wait("it ignores TERM") { try fixture.lines("deaf").contains { $0.hasSuffix("ready") } }
        try fixture.client.stop([instance("deaf")])
        try fixture.wait("it is down") { try fixture.status("deaf").state == .down }
        #expect(try fixture.status("deaf").lastEnd == "killed by KILL")
    }

    @Test("a child killed with -9 is back, with one restart counted")
    func killedChild() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("api")
        let first = try #require(try fixture.status("api").pid)
        kill(first, SIGKILL)
        try fixture.wait("another process is up") {
            let status = try fixture.status("api")
            return status.state == .up && status.pid != first
        }
        #expect(try fixture.status("api").restarts == 1)
        #expect(try fixture.status("api").lastEnd == "killed by KILL")
    }

    @Test("a dependent starts only when the probe of its dependency succeeds")
    func waitsForHealth() throws {
        let fixture = try RuntimeFixture()
        let flag = "\(fixture.root)/healthy"
        fixture.stack.instances = [
            shell("db", "exec sleep 1000") {
                $0.probes.readiness = ProbeSpec(
                    check: .exec(command: ["/usr/bin/test", "-e", flag]), interval: .milliseconds(50))
            },
            shell("api", "exec sleep 1000") { $0.requires = [instance("db")] },
        ]
        try fixture.start()
        try fixture.wait("the probe failed") { try fixture.status("db").reason == "exited 1" }
        #expect(try fixture.status("api").state == .waiting)
        try write([], to: flag)
        try fixture.waitUntilUp("api")
    }

    @Test("a binary that is missing is named, tried again, and started when it appears")
    func missingBinary() throws {
        let fixture = try RuntimeFixture()
        let program = "\(fixture.root)/program"
        fixture.stack.instances = [
            shell("api", "") {
                $0.command = [program]
                $0.restart.maximum = .milliseconds(100)
            }
        ]
        try fixture.start()
        try fixture.wait("it backs off") { try fixture.status("api").state == .backingOff }
        #expect(
            try fixture.status("api").reason == "cannot start api: executing '\(program)': No such file or directory")
        try write(Array("#!/bin/sh\nexec sleep 1000\n".utf8), to: program, mode: 0o755)
        try fixture.waitUntilUp("api")
    }

    @Test("the failed stage of a start is named: directory and user")
    func failedStages() throws {
        let fixture = try RuntimeFixture([
            shell("lost", "exec sleep 1000") { $0.workingDirectory = "/nowhere/at/all" },
            shell("nobody", "exec sleep 1000") { $0.user = "no-such-user" },
        ])
        try fixture.start()
        try fixture.wait("both back off") {
            try fixture.status("lost").reason != nil && fixture.status("nobody").reason != nil
        }
        #expect(
            try fixture.status("lost").reason
                == "cannot start lost: changing to directory '/nowhere/at/all': No such file or directory")
        #expect(try fixture.status("nobody").reason == "cannot start nobody: setting user 'no-such-user': no such user")
    }

    @Test("the workers of a killed leader are ended before it is started again")
    func wholeGroup() throws {
        let fixture = try RuntimeFixture([shell("api", "sleep 1000 & echo worker $!; wait")])
        try fixture.start()
        try fixture.wait("the worker is known") { try fixture.lines("api").contains { $0.contains("worker") } }
        let line = try #require(try fixture.lines("api").first { $0.contains("worker") })
        let worker = try #require(pid_t(line.split(separator: " ").last ?? ""))
        let leader = try #require(try fixture.status("api").pid)
        kill(leader, SIGKILL)
        try fixture.wait("it is back") {
            let status = try fixture.status("api")
            return status.state == .up && status.pid != leader
        }
        #expect(!isAlive(worker))
    }

    @Test("a daemon that left its session is killed when the run it came from is over")
    func daemon() throws {
        let fixture = try RuntimeFixture([
            shell("api", "setsid sh -c 'echo daemon $$; exec sleep 1000' & exec sleep 1000")
        ])
        try fixture.start()
        try fixture.wait("the daemon is known") { try fixture.lines("api").contains { $0.contains("daemon") } }
        let line = try #require(try fixture.lines("api").first { $0.contains("daemon") })
        let daemon = try #require(pid_t(line.split(separator: " ").last ?? ""))
        #expect(isAlive(daemon))
        try fixture.client.stop([instance("api")])
        try fixture.wait("the daemon is gone") { !isAlive(daemon) }
        #expect(try fixture.events().contains { $0.kind == .strayKilled && $0.instance == instance("api") })
    }

    @Test("credentials are files only the child may read, and go when it goes")
    func credentials() throws {
        let fixture = try RuntimeFixture()
        try write(Array("hunter2\n".utf8), to: "\(fixture.root)/secret")
        fixture.stack.instances = [
            shell(
                "api", "stat -c %a $CREDENTIALS_DIRECTORY $CREDENTIALS_DIRECTORY/key; echo \"<$KEY>\"; exec sleep 1000"
            ) {
                $0.credentials = ["key": "\(fixture.root)/secret"]
                $0.secretEnvironment = ["KEY": "\(fixture.root)/secret"]
                $0.logs.timestamps = false
            }
        ]
        try fixture.start()
        try fixture.wait("it spoke") { try fixture.lines("api").count == 3 }
        #expect(try fixture.lines("api") == ["500", "400", "<hunter2>"])
        try fixture.client.stop([instance("api")])
        try fixture.wait("it is down") { try fixture.status("api").state == .down }
        #expect(access("\(fixture.stack.directories.run)/credentials/api", F_OK) != 0)
    }

    @Test("a child inherits nothing but its three streams and the environment of its spec")
    func inheritsNothing() throws {
        let fixture = try RuntimeFixture([
            shell(
                "api",
                "ls /proc/self/fd | tr '\\n' ' '; echo; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; exec sleep 1000"
            ) {
                $0.environment = ["A": "1"]
                $0.logs.timestamps = false
            }
        ])
        try fixture.start()
        try fixture.wait("it spoke") { try fixture.lines("api").count == 2 }
        // 3 is the directory that ls itself has open.
        let lines = try fixture.lines("api")
        #expect(lines[0] == "0 1 2 3 ")
        #expect(lines[1] == "A BEDPLATE_INSTANCE BEDPLATE_INVOCATION BEDPLATE_RUN LANG PATH PWD ")
    }

    @Test("apply restarts only what changed")
    func apply() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000"), shell("web", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("web")
        let before = (try fixture.status("api").pid, try fixture.status("web").pid)
        var next = fixture.stack
        next.instances[0].environment["CHANGED"] = "yes"
        let reply = try fixture.client.apply(next)
        #expect(reply.changed == [instance("api")])
        #expect(reply.unchanged == [instance("web")])
        try fixture.wait("api runs anew") {
            let status = try fixture.status("api")
            return status.state == .up && status.pid != before.0
        }
        #expect(try fixture.status("web").pid == before.1)
        let saved = try #require(read("\(fixture.root)/stack.json"))
        #expect(try JSON(parsing: saved).decode(Stack.self) == next)
    }
}
