import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: control and probes", .serialized)
struct ControlRuntimeTests {
    @Test("errors of the socket arrive as sentences with the right exit code")
    func errors() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        let unknown = #expect(throws: OperatorError.self) { try fixture.client.start([instance("web")]) }
        #expect(unknown?.description.hasPrefix("cannot start web: the stack has no instance 'web'") == true)
        #expect(unknown?.exit == .usage)
        let signal = #expect(throws: OperatorError.self) { try fixture.client.signal(instance("api"), "NOPE") }
        #expect(signal?.exit == .usage)
        var broken = fixture.stack
        broken.instances[0].command = []
        let refused = #expect(throws: OperatorError.self) { try fixture.client.apply(broken) }
        #expect(refused?.because == "the stack cannot be run: api: the command is no absolute path")
        try fixture.stop()
        let nobody = #expect(throws: OperatorError.self) { try fixture.client.status() }
        #expect(nobody?.exit == .retry)
    }

    @Test("the service describes itself, and knows what it does not know")
    func introspection() throws {
        let fixture = try RuntimeFixture()
        try fixture.start()
        let connection = try ControlConnection(
            "\(fixture.stack.directories.run)/control", timeout: .seconds(5), doing: "test")
        func ask(_ method: String, _ parameters: JSON = .object([:])) throws -> VarlinkReply {
            try connection.send(VarlinkCall(method: method, parameters: parameters).message)
            return try #require(VarlinkReply(try connection.receive()))
        }
        let info = try ask("org.varlink.service.GetInfo").result.get()
        #expect(info["product"] == .string("bedplated"))
        let description = try ask(
            "org.varlink.service.GetInterfaceDescription", .object(["interface": .string(ControlInterface.name)]))
        #expect(
            try description.result.get()["description"]?.stringValue?.contains("method Apply(stack: object)") == true)
        #expect(try ask("io.bedplate.Supervisor.Fly").result == .failure(.methodNotFound("io.bedplate.Supervisor.Fly")))
        #expect(try ask("org.example.Status").result == .failure(.interfaceNotFound("org.example")))
    }

    @Test("a call with members of a later release is answered as if they were not there")
    func laterCalls() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("api")
        let connection = try ControlConnection(
            "\(fixture.stack.directories.run)/control", timeout: .seconds(5), doing: "test")
        func ask(_ method: ControlMethod, _ parameters: [String: JSON]) throws -> JSON {
            let call: JSON = .object([
                "method": .string(method.qualified), "upgrade": .bool(false), "later": .array([.null]),
                "parameters": .object(parameters.merging(["later": .object([:])]) { own, _ in own }),
            ])
            try connection.send(call.bytes + [0])
            return try #require(VarlinkReply(try connection.receive())).result.get()
        }
        let pid = try ask(.status, [:]).decode(StatusReply.self).instances.first?.pid
        guard case .object(var stack) = try JSON(encoding: fixture.stack), case .array(let specs)? = stack["instances"],
            case .object(var spec)? = specs.first
        else {
            Issue.record("a stack is no object with instances")
            return
        }
        stack["later"] = .string("a")
        spec["later"] = .integer(1)
        stack["instances"] = .array([.object(spec)])
        let applied = try ask(.apply, ["stack": .object(stack)]).decode(ApplyReply.self)
        #expect(applied.unchanged == [try InstanceName("api")] && applied.changed.isEmpty)
        #expect(try fixture.client.status().instances.first?.pid == pid)
        _ = try ask(.restart, ["instances": .array([.string("api")])])
        try fixture.wait("it runs as another process") {
            let now = try? fixture.client.status().instances.first
            return now?.state == .up && now?.pid != pid
        }
    }

    @Test("who hears that an instance has failed finds its last lines and its events there")
    func whatAStateMeans() throws {
        let fixture = try RuntimeFixture()
        let go = "\(fixture.root)/go"
        let script = "until [ -e \(go) ]; do sleep 0.01; done; echo last words; exit 3"
        fixture.stack.instances = [shell("job", script) { $0.restart.mode = .never }]
        try fixture.start()
        try fixture.waitUntilUp("job")
        let connection = try ControlConnection(
            "\(fixture.stack.directories.run)/control", timeout: .seconds(5), doing: "test")
        func receive() throws -> JSON { try #require(VarlinkReply(try connection.receive())).result.get() }
        try connection.send(VarlinkCall(method: ControlMethod.status.qualified).message)
        let child = try #require(try receive().decode(StatusReply.self).instances.first?.pid)
        // The end and the questions come to it together: it has done all that came before, and waits.
        try fixture.wait("it waits") { kernelState(of: fixture.pid) == "S" }
        kill(fixture.pid, SIGSTOP)
        try fixture.wait("it is stopped") { kernelState(of: fixture.pid) == "T" }
        try write([], to: go)
        try fixture.wait("the job ended") { kernelState(of: child) == "Z" }
        try connection.send(
            VarlinkCall(method: ControlMethod.status.qualified).message
                + VarlinkCall(method: ControlMethod.events.qualified).message)
        kill(fixture.pid, SIGCONT)
        let status = try #require(try receive().decode(StatusReply.self).instances.first)
        #expect(status.state == .failed && status.lastEnd == "exited 3")
        #expect(status.lastLines?.last?.hasSuffix("last words") == true)
        let events = try #require(try receive()["events"]?.decode([SupervisorEvent].self))
        #expect(events.last { $0.instance == instance("job") && $0.state != nil }?.state == .failed)
    }

    @Test("logs and events are followed as they happen")
    func following() throws {
        let fixture = try RuntimeFixture([shell("api", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done")])
        try fixture.start()
        var numbers: [Int] = []
        try fixture.client.logs(instance("api"), lines: 0, follow: true) {
            if let number = Int($0.text.split(separator: " ").last ?? "") { numbers.append(number) }
            return numbers.count < 10
        }
        #expect(numbers == Array(numbers[0]..<numbers[0] + 10))
        var states: [InstanceStatus.State] = []
        try fixture.client.events(lines: 1, follow: true) {
            // The restart is asked for while the events are followed.
            if states.isEmpty { _ = try? fixture.client.restart([instance("api")]) }
            if let state = $0.state, states.last != state { states.append(state) }
            return states.count < 4
        }
        #expect(states == [.up, .stopping, .waiting, .starting])
    }

    @Test("a follower that never reads does not stop the log")
    func slowFollower() throws {
        let fixture = try RuntimeFixture([
            shell("flood", "exec yes") { $0.logs = LogPolicy(maximumSize: .mebibytes(4), keep: 1) }
        ])
        try fixture.start()
        let connection = try ControlConnection(
            "\(fixture.stack.directories.run)/control", timeout: .seconds(5), doing: "test")
        let parameters: JSON = .object(["instance": .string("flood"), "lines": .integer(0), "follow": .bool(true)])
        try connection.send(
            VarlinkCall(method: ControlMethod.logs.qualified, parameters: parameters, more: true).message)
        _ = try connection.receive()
        try fixture.wait("the log was rotated meanwhile") {
            run(["/bin/ls", "\(fixture.stack.directories.logs)/flood"]).split(separator: "\n").count == 2
        }
        #expect(try fixture.stop() == 0)
    }

    @Test("a socket path of more than 108 bytes works")
    func longPath() throws {
        let fixture = try RuntimeFixture(
            [shell("api", "exec sleep 1000")], nested: "/" + String(repeating: "a-long-directory-name/", count: 8))
        try fixture.start()
        try fixture.waitUntilUp("api")
        #expect(fixture.stack.directories.run.utf8.count > 108)
    }

    @Test("http and tcp probes see status, refusal and silence, and a silent one delays no other")
    func probes() throws {
        let fixture = try RuntimeFixture()
        let server = """
            import http.server, socket, threading, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200 if self.path == '/good' else 503); self.end_headers(); self.wfile.write(b'x' * 100000)
                def log_message(self, *arguments): pass
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            silent = socket.create_server(('127.0.0.1', 0))
            print(server.server_port, silent.getsockname()[1], flush=True)
            server.serve_forever()
            """
        var python = shell("server", "")
        python.command = ["/usr/bin/python3", "-c", server]
        python.logs.timestamps = false
        fixture.stack.instances = [python]
        try fixture.start()
        try fixture.wait("it listens") { try !fixture.lines("server").isEmpty }
        let ports = try #require(try fixture.lines("server").first).split(separator: " ").compactMap { Int($0) }
        func probed(_ name: String, _ check: ProbeSpec.Check) -> InstanceSpec {
            shell(name, "exec sleep 1000") {
                $0.probes.readiness = ProbeSpec(check: check, interval: .milliseconds(100), timeout: .milliseconds(500))
            }
        }
        func http(_ port: Int, _ path: String) -> ProbeSpec.Check {
            .http(port: port, path: path, method: "GET", statuses: [], headers: [:])
        }
        var next = fixture.stack
        next.instances += [
            probed("silent", http(ports[1], "/")), probed("good", http(ports[0], "/good")),
            probed("bad", http(ports[0], "/bad")), probed("open", .tcp(port: ports[1])),
            probed("closed", .tcp(port: 1)),
        ]
        _ = try fixture.client.apply(next)
        try fixture.waitUntilUp("good")
        try fixture.waitUntilUp("open")
        try fixture.wait("the others tell why") {
            try fixture.status("bad").reason == "answered 503"
                && fixture.status("closed").reason == "connection refused"
                && fixture.status("silent").reason == "no answer within 500ms"
        }
        #expect(try fixture.status("good").healthy)
    }
}
