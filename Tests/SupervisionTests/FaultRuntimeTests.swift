import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: real faults", .serialized)
struct FaultRuntimeTests {
    @Test("a thousand children are started, listed and stopped, and not one is left")
    func thousand() throws {
        let fixture = try RuntimeFixture(
            (0..<1000).map { number in
                var child = spec("c\(number)")
                child.command = ["/bin/sleep", "1000"]
                return child
            })
        try fixture.start()
        try fixture.wait("all are healthy", seconds: 60) {
            try fixture.client.status().instances.allSatisfy(\.healthy)
        }
        let status = try fixture.client.status()
        #expect(status.instances.count == 1000)
        #expect(Set(status.instances.compactMap(\.pid)).count == 1000)
        let metrics = try fixture.client.metrics()
        #expect(metrics.first { $0.name == "bedplate_instance_processes" }?.samples.count == 1000)
        #expect(metrics.first { $0.name == "bedplate_instance_healthy" }?.samples.allSatisfy { $0.value == 1 } == true)
        // A thousand together need more than one reply.
        let single = try ControlConnection(
            "\(fixture.stack.directories.run)/control", timeout: .seconds(20), doing: "test")
        try single.send(VarlinkCall(method: ControlMethod.metrics.qualified).message)
        #expect(VarlinkReply(try single.receive())?.result == .failure(.expectedMore))
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("a hundred kill -9 under load: same children, no duplicate, no line lost, doubled or torn")
    func hundredKills() throws {
        let writer = """
            import itertools, sys, time
            for number in itertools.count(1):
                sys.stdout.write(f'line {number} ' + 'x' * (number % 200) + '\\n'); sys.stdout.flush()
                time.sleep(0.001)
            """
        let names = ["a", "b", "c", "d"]
        let fixture = try RuntimeFixture(
            names.map { name in
                var child = shell(name, "") {
                    $0.logs = LogPolicy(maximumSize: .kibibytes(256), keep: 1000)
                    $0.logs.timestamps = false
                }
                child.command = ["/usr/bin/python3", "-c", writer]
                return child
            })
        try fixture.start()
        for name in names { try fixture.wait("\(name) writes") { try !fixture.lines(name, 1).isEmpty } }
        let before = try fixture.client.status().instances.map(\.pid)
        for round in 0..<100 {
            if round % 10 == 0 {
                try fixture.wait("it answers") { (try? fixture.client.status()) != nil }
                // It has taken all up again, and works.
                #expect(try fixture.client.status().instances.map(\.pid) == before)
                let last = try fixture.lines("a", 1)
                try fixture.wait("lines come again") { try fixture.lines("a", 1) != last }
            }
            fixture.crash()
            // Killed at any moment of its start or of its work.
            try fixture.start(waiting: false)
            usleep(UInt32.random(in: 0..<60_000))
        }
        try fixture.wait("it answers") { (try? fixture.client.status()) != nil }
        #expect(try fixture.client.status().instances.map(\.pid) == before)
        #expect(try fixture.client.status().instances.map(\.restarts) == [0, 0, 0, 0])
        #expect(fixture.processes().count == names.count)
        #expect(try fixture.stop() == 0)
        for name in names {
            let lines = fixture.everyLine(name)
            #expect(lines.count > 500)
            let wrong = lines.enumerated().first { index, line in
                line != "line \(index + 1) " + String(repeating: "x", count: (index + 1) % 200)
            }
            #expect(wrong == nil, "\(name), line \(wrong?.offset ?? 0) of \(lines.count)")
        }
    }

    @Test("a child that is stopped by SIGSTOP fails its liveness probe and is replaced")
    func stoppedChild() throws {
        let server = """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self): self.send_response(204); self.end_headers()
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
            open('port', 'w').write(str(server.server_port))
            server.serve_forever()
            """
        let fixture = try RuntimeFixture()
        var python = shell("web", "") {
            $0.workingDirectory = fixture.root
            $0.stop = [StopStep(signal: "TERM", wait: .milliseconds(200)), StopStep(signal: "KILL")]
        }
        python.command = ["/usr/bin/python3", "-c", server]
        fixture.stack.instances = [python]
        try fixture.start()
        try fixture.wait("it listens") { read("\(fixture.root)/port")?.isEmpty == false }
        let port = try #require(read("\(fixture.root)/port").flatMap { Int(String(decoding: $0, as: UTF8.self)) })
        python.probes.liveness = ProbeSpec(
            check: .http(port: port, path: "/", method: "GET", statuses: [], headers: [:]),
            interval: .milliseconds(100), timeout: .milliseconds(300), failureThreshold: 2)
        fixture.stack.instances = [python]
        _ = try fixture.client.apply(fixture.stack)
        let pid = try #require(try fixture.status("web").pid)
        kill(pid, SIGSTOP)
        try fixture.wait("it is replaced") {
            let status = try fixture.status("web")
            return status.pid != nil && status.pid != pid
        }
        #expect(!isAlive(pid))
        let reasons = try fixture.events().compactMap(\.reason)
        #expect(reasons.contains("liveness probe: no answer within 300ms"))
        // One that is stopped again is not waited for when the stack stops.
        if let next = try fixture.status("web").pid { kill(next, SIGSTOP) }
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("without descriptors some children wait, each that runs is heard, and all run once there is room")
    func noDescriptors() throws {
        let fixture = try RuntimeFixture()
        let names = (0..<60).map { "c\($0)" }
        // They speak when the crowd has come.
        let script = "until [ -e \(fixture.root)/go ]; do sleep 0.05; done; echo hello; exec sleep 1000"
        fixture.stack.instances = names.map { shell($0, script) { $0.restart.maximum = .milliseconds(500) } }
        // Each child takes four; 33 and more are taken from the start.
        try fixture.start(under: ["/bin/sh", "-c", "ulimit -n 200; exec \"$0\" \"$@\""])
        try fixture.wait("some cannot start") {
            try fixture.client.status().instances.contains {
                $0.reason?.contains("Too many open files") == true
            }
        }
        let running = try fixture.client.status().instances.filter(\.healthy).map(\.name)
        #expect(!running.isEmpty && running.count < names.count)
        let crowd = try (0..<100).map { _ in
            try ControlConnection("\(fixture.stack.directories.run)/control", timeout: .seconds(5), doing: "test")
        }
        #expect(try fixture.client.status().instances.count == names.count)
        run(["/bin/touch", "\(fixture.root)/go"])
        try fixture.wait("those that run are heard") {
            try running.allSatisfy { try fixture.lines($0.description).last?.hasSuffix("hello") == true }
        }
        withExtendedLifetime(crowd) {}
        #expect(try fixture.events().contains { $0.kind == .spawnFailed })
        // There is room again: most of the children leave the stack.
        var next = fixture.stack
        next.instances = Array(fixture.stack.instances.suffix(10))
        _ = try fixture.client.apply(next)
        try fixture.wait("all that are left run") {
            let instances = try fixture.client.status().instances
            return instances.count == 10 && instances.allSatisfy(\.healthy)
        }
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("a stack that cannot be kept is refused, and the earlier one runs on and stays on disk")
    func fullStack() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000"), shell("web", "exec sleep 1000")])
        try #require(
            run(["/bin/sh", "-c", "mount -t tmpfs -o size=64k none \(fixture.root) && echo mounted"]) == "mounted\n",
            "this test needs to mount a small file system")
        defer { run(["/bin/umount", "-l", fixture.root]) }
        try fixture.start()
        try fixture.waitUntilUp("web")
        let pid = try fixture.status("web").pid
        func kept() -> Stack? { try? JSON(parsing: read("\(fixture.root)/stack.json") ?? []).decode(Stack.self) }
        run(["/bin/sh", "-c", "cat /dev/zero > \(fixture.root)/filler"])
        var next = fixture.stack
        next.instances.removeLast()
        let refusal = #expect(throws: OperatorError.self) { try fixture.client.apply(next) }
        #expect(refusal?.because.hasSuffix("No space left on device") == true)
        #expect(try fixture.status("web").pid == pid)
        #expect(kept()?.instances.count == 2)
        unlink("\(fixture.root)/filler")
        _ = try fixture.client.apply(next)
        #expect(kept()?.instances.count == 1)
        // It is stopped before it is forgotten.
        try fixture.wait("the removed instance is gone") {
            try fixture.client.status().instances.map(\.name) == [instance("api")]
        }
        #expect(try fixture.stop() == 0)
    }

    @Test("a full state directory keeps wishes in force, is told once, and is written when there is room")
    func fullState() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000"), shell("web", "exec sleep 1000")])
        let state = fixture.stack.directories.state
        run(["/bin/mkdir", "-p", state])
        try #require(
            run(["/bin/sh", "-c", "mount -t tmpfs -o size=64k none \(state) && echo mounted"]) == "mounted\n",
            "this test needs to mount a small file system")
        defer { run(["/bin/umount", "-l", state]) }
        try fixture.start()
        try fixture.waitUntilUp("api")
        run(["/bin/sh", "-c", "cat /dev/zero > \(state)/filler"])
        try fixture.client.stop([instance("api")])
        try fixture.wait("the wish is in force") { try fixture.status("api").state == .down }
        func troubles() throws -> [SupervisorEvent] { try fixture.events().filter { $0.kind == .trouble } }
        try fixture.wait("it is told") { try !troubles().isEmpty }
        try fixture.client.restart([instance("web")])
        try fixture.waitUntilUp("web")
        #expect(try troubles().map { $0.reason?.hasSuffix("No space left on device") } == [true])
        #expect(try fixture.events().last { $0.instance == instance("web") }?.state == .up)
        unlink("\(state)/filler")
        func onDisk(_ name: String) -> String { String(decoding: read("\(state)/\(name)") ?? [], as: UTF8.self) }
        try fixture.wait("the wish is on disk") { onDisk("state.json").contains("\"wanted\":false") }
        try fixture.wait("so is every event, those of the full time too") {
            onDisk("events.jsonl").split(separator: "\n").contains { $0.contains("\"down\"") && $0.contains("\"api\"") }
        }
        fixture.crash()
        try fixture.start()
        #expect(try fixture.status("api").wanted == false)
        #expect(try fixture.events().contains { $0.instance == instance("api") && $0.state == .down })
        #expect(try troubles().count == 1)
        #expect(try fixture.stop() == 0)
    }
}
