import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: probes and what they ask", .serialized)
struct ProbeRuntimeTests {
    private func probed(
        _ name: String, _ check: ProbeSpec.Check, timeout: TimeSpan = .milliseconds(400),
        interval: TimeSpan = .milliseconds(100)
    ) -> InstanceSpec {
        shell(name, "exec sleep 1000") {
            $0.probes.readiness = ProbeSpec(check: check, interval: interval, timeout: timeout)
        }
    }

    private func http(
        _ port: Int, _ path: String, host: String? = nil, method: String = "GET", statuses: [Int] = [],
        headers: [String: String] = [:]
    ) -> ProbeSpec.Check {
        .http(host: host, port: port, path: path, method: method, statuses: statuses, headers: headers)
    }

    /// A supervisor that already runs this server, which prints its ports on one line.
    private func fixture(serving script: String) throws -> (RuntimeFixture, ports: [Int]) {
        let fixture = try RuntimeFixture([
            shell("server", "") {
                $0.command = ["/usr/bin/python3", "-c", script]
                $0.logs.timestamps = false
            }
        ])
        try fixture.start()
        try fixture.wait("it listens") { try !fixture.lines("server").isEmpty }
        let ports = try #require(try fixture.lines("server").first).split(separator: " ").compactMap { Int($0) }
        return (fixture, ports)
    }

    private func add(_ specs: [InstanceSpec], to fixture: RuntimeFixture) throws {
        fixture.stack.instances += specs
        _ = try fixture.client.apply(fixture.stack)
    }

    private func expect(_ reasons: [String: String], in fixture: RuntimeFixture) throws {
        for (name, reason) in reasons.sorted(by: { $0.key < $1.key }) {
            try fixture.wait("\(name): \(reason)") { try fixture.status(name).reason == reason }
        }
    }

    @Test("the server sees the method, path and headers of an http probe, which expects the statuses it names")
    func request() throws {
        let (fixture, ports) = try fixture(
            serving: """
                import http.server
                class Handler(http.server.BaseHTTPRequestHandler):
                    def answer(self):
                        seen = (self.command, self.path, self.headers['X-Probe'], self.headers['Host'], self.headers['User-Agent'])
                        wanted = ('HEAD', '/ready?deep=1', 'yes', 'example.org', 'bedplated')
                        self.send_response(204 if seen == wanted else 418); self.end_headers()
                    do_GET = do_HEAD = answer
                    def log_message(self, *arguments): pass
                server = http.server.ThreadingHTTPServer(('127.0.0.2', 0), Handler)
                print(server.server_port, flush=True)
                server.serve_forever()
                """)
        func asks(_ name: String, method: String = "HEAD", statuses: [Int], _ headers: [String: String]) -> InstanceSpec
        {
            probed(
                name,
                http(ports[0], "/ready?deep=1", host: "127.0.0.2", method: method, statuses: statuses, headers: headers)
            )
        }
        let headers = ["X-Probe": "yes", "host": "example.org"]
        try add(
            [
                asks("right", statuses: [204], headers), asks("unexpected", statuses: [200], headers),
                asks("teapot", method: "GET", statuses: [418], headers), asks("bare", statuses: [204], [:]),
                probed("nonsense", .tcp(host: "localhost", port: 1)),
            ], to: fixture)
        try fixture.waitUntilUp("right")
        try fixture.waitUntilUp("teapot")
        try expect(
            [
                "unexpected": "answered 204", "bare": "answered 418", "nonsense": "'localhost' is no IP address",
            ], in: fixture)
    }

    @Test("answers that are chunked, huge, slow, endless or garbage harm nobody, and are told apart")
    func oddAnswers() throws {
        let (fixture, ports) = try fixture(
            serving: """
                import socket, threading, time
                def serve(client):
                    try:
                        path = client.recv(4096).split(b' ')[1].decode()
                        if path == '/chunked':
                            client.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n')
                        elif path == '/interim':
                            client.sendall(b'HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n')
                        elif path == '/huge': client.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n' + b'x' * (64 << 20))
                        elif path == '/endless':
                            client.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n')
                            while True: client.sendall(b'x'); time.sleep(0.001)
                        elif path == '/slow':
                            while True: client.sendall(b'H'); time.sleep(0.05)
                        elif path == '/garbage': client.sendall(bytes(range(256)) * 8)
                        elif path == '/line':
                            while True: client.sendall(b'HTTP/1.1 ' * 1000)
                        elif path == '/status': client.sendall(b'HTTP/1.1 2000 OK\\r\\n\\r\\n')
                        elif path == '/empty': client.sendall(b'')
                        elif path == '/mute': time.sleep(1000)
                    except OSError: pass
                    client.close()
                server = socket.create_server(('127.0.0.1', 0), backlog=128)
                print(server.getsockname()[1], flush=True)
                while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
                """)
        let before = fixture.residentKilobytes
        let good = ["chunked", "interim", "huge", "endless"]
        let reasons = [
            "slow": "no answer within 400ms", "mute": "no answer within 400ms", "garbage": "its answer is no HTTP",
            "line": "its answer is no HTTP", "status": "its answer is no HTTP",
            "empty": "closed the connection without an answer",
        ]
        try add((good + reasons.keys).map { probed($0, http(ports[0], "/\($0)")) }, to: fixture)
        for name in good { try fixture.waitUntilUp(name) }
        try expect(reasons, in: fixture)
        for name in good { #expect(try fixture.status(name).healthy, "\(name)") }
        #expect(try !fixture.events().contains { $0.kind == .unhealthy && good.contains("\($0.instance!)") })
        #expect(fixture.residentKilobytes - before < 4096)
        #expect(try fixture.stop() == 0)
    }

    @Test("an exec probe tells the last line of what it printed, however much that was")
    func execOutput() throws {
        func exec(_ name: String, _ script: String) -> InstanceSpec {
            probed(name, .exec(command: ["/bin/sh", "-c", script]), timeout: .seconds(20), interval: .seconds(1))
        }
        let fixture = try RuntimeFixture([
            exec("quiet", "exit 3"), exec("both", "echo one; printf 'two\\033[31m\\n\\n' >&2; exit 4"),
            exec("open", "printf unfinished; exit 1"), exec("long", "printf '%0300d' 7; exit 1"),
            exec("loud", "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo at last; exit 1"),
            exec("killed", "echo good bye; kill -9 $$"), exec("good", "echo noise; exit 0"),
        ])
        try fixture.start()
        let before = fixture.residentKilobytes
        try fixture.waitUntilUp("good")
        try expect(
            [
                "quiet": "exited 3", "both": "exited 4: two [31m", "open": "exited 1: unfinished",
                "long": "exited 1: " + String(repeating: "0", count: 200) + "…", "loud": "exited 1: at last",
                "killed": "killed by KILL: good bye",
            ], in: fixture)
        #expect(fixture.residentKilobytes - before < 4096)
    }

    @Test("an exec probe that hangs, and one that never stops printing, delay no other probe")
    func execHangs() throws {
        let fixture = try RuntimeFixture([
            probed("hangs", .exec(command: ["/bin/sh", "-c", "trap '' TERM; sleep 1000"])),
            probed("floods", .exec(command: ["/usr/bin/yes"])),
            probed("leaves", .exec(command: ["/bin/sh", "-c", "sleep 1000 & exit 0"])),
            probed("good", .exec(command: ["/bin/true"]), timeout: .seconds(10)),
        ])
        try fixture.start()
        try fixture.waitUntilUp("good")
        try fixture.waitUntilUp("leaves")
        try expect(["hangs": "no answer within 400ms", "floods": "no answer within 400ms"], in: fixture)
        #expect(try fixture.status("good").healthy)
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("a helper that asks a mute server delays no other probe", arguments: ["redis", "mongodb"])
    func mute(_ kind: String) throws {
        let (fixture, ports) = try fixture(
            serving: """
                import socket, time
                server = socket.create_server(('127.0.0.1', 0), backlog=128)
                print(server.getsockname()[1], flush=True)
                time.sleep(1000)
                """)
        let store = StoreAddress(port: ports[0])
        try add(
            [
                probed("mute", kind == "redis" ? .redis(at: store) : .mongodb(at: store)),
                probed("good", .exec(command: ["/bin/true"]), timeout: .seconds(10)),
            ], to: fixture)
        try fixture.waitUntilUp("good")
        // The helper gives up after the same time as we do.
        try fixture.wait("it is told") { try fixture.status("mute").reason?.contains("answer within") == true }
        #expect(try fixture.status("good").healthy)
    }

    @Test("a helper that is given up while it asks MongoDB leaves nothing in the machine's memory")
    func leavesNothing() throws {
        let (fixture, ports) = try fixture(
            serving: """
                import socket, time
                server = socket.create_server(('127.0.0.1', 0), backlog=128)
                print(server.getsockname()[1], flush=True)
                time.sleep(1000)
                """)
        let begin = time(nil)
        try add([probed("mute", .mongodb(at: StoreAddress(port: ports[0])))], to: fixture)
        var helper: pid_t?
        try fixture.wait("a helper asks") {
            helper = fixture.processes().first { read("/proc/\($0)/comm") == Array("bedplate-probe\n".utf8) }
            return helper != nil
        }
        let pid = try #require(helper)
        try fixture.wait("it was given up") { !isAlive(pid) }
        // What an earlier process with this pid has left is older.
        var left = stat()
        let isLeft = stat("/dev/shm/mongoc-\(pid)", &left) == 0 && left.st_mtim.tv_sec >= begin
        #expect(!isLeft)
    }

    @Test("a unit nobody knows, or no systemd to ask, is a sentence")
    func unit() throws {
        let fixture = try RuntimeFixture([
            probed("asks", .unit(name: "bedplate-no-such.service"), timeout: .seconds(10))
        ])
        try fixture.start()
        try fixture.wait("it is told") { try fixture.status("asks").reason != nil }
        let reason = try #require(try fixture.status("asks").reason)
        #expect(reason.hasPrefix("bedplate-no-such.service: systemd "), "\(reason)")
    }

    @Test(
        "redis is healthy with the password in the file, and the password is never told",
        .enabled(if: access("/usr/bin/redis-server", X_OK) == 0, "redis-server is not installed"))
    func redis() throws {
        let fixture = try RuntimeFixture()
        let port = try freePort()
        let configuration = "port \(port)\nbind 127.0.0.1\nsave \"\"\ndir \(fixture.root)\nrequirepass hunter2\n"
        try write(Array(configuration.utf8), to: "\(fixture.root)/redis.conf", mode: 0o600)
        try write(Array("hunter2\n".utf8), to: "\(fixture.root)/right", mode: 0o600)
        try write(Array("hunter3".utf8), to: "\(fixture.root)/wrong", mode: 0o600)
        func asks(_ name: String, file: String?) -> InstanceSpec {
            let path = file.map { "\(fixture.root)/\($0)" }
            return probed(name, .redis(at: StoreAddress(port: port, passwordFile: path)), timeout: .seconds(10))
        }
        fixture.stack.instances = [
            shell("redis", "") { $0.command = ["/usr/bin/redis-server", "\(fixture.root)/redis.conf"] },
            asks("right", file: "right"), asks("wrong", file: "wrong"), asks("none", file: nil),
            asks("lost", file: "absent"),
        ]
        try fixture.start()
        try fixture.waitUntilUp("right")
        let refused = "redis at 127.0.0.1:\(port): it refuses our user or password"
        try expect(
            [
                "wrong": refused, "none": refused,
                "lost":
                    "cannot probe: the password in '\(fixture.root)/absent' cannot be read: No such file or directory",
            ], in: fixture)
        try fixture.client.stop([instance("redis")])
        try expect(["right": "redis at 127.0.0.1:\(port): nothing listens there"], in: fixture)
        let told = "\(try fixture.client.status())\(try fixture.events())"
        #expect(!told.contains("hunter"))
    }

    private func freePort() throws -> Int {
        let text = run([
            "/usr/bin/python3", "-c", "import socket; print(socket.create_server(('127.0.0.1', 0)).getsockname()[1])",
        ])
        return try #require(Int(text.trimmingSuffix))
    }
}

extension String {
    fileprivate var trimmingSuffix: Substring { prefix { !$0.isNewline } }
}
