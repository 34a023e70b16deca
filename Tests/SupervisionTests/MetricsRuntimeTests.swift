import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: metrics", .serialized)
struct MetricsRuntimeTests {
    private func value(_ fixture: RuntimeFixture, _ name: String, _ labels: [String: String] = [:]) throws -> Double? {
        let parts = try fixture.client.metrics().filter { name.hasPrefix($0.name) }
        for family in parts {
            for sample in family.samples
            where family.name + sample.suffix == name && labels.allSatisfy({ sample.labels[$0.key] == $0.value }) {
                return sample.value
            }
        }
        return nil
    }

    @Test("health, restarts, probes, processor, memory, logs, the live slot and the supervisor are measured")
    func values() throws {
        let fixture = try RuntimeFixture([
            // It executes nothing once it has spoken: in that moment a process has hardly any memory.
            shell("api@blue", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 1000 & echo 12345; wait") {
                $0.logs.timestamps = false
                $0.probes.readiness = ProbeSpec(
                    check: .exec(command: ["/bin/true"]), interval: .milliseconds(50), timeout: .seconds(5))
                $0.probes.liveness = ProbeSpec(
                    check: .exec(command: ["/bin/false"]), interval: .milliseconds(50), failureThreshold: 10_000)
            }, shell("api@green", "exec sleep 1000") { $0.autostart = false },
        ])
        fixture.stack.live = .blue
        try fixture.start()
        try fixture.waitUntilUp("api@blue")
        let blue = ["instance": "api@blue", "process": "api", "slot": "blue"]
        let green = ["instance": "api@green"]
        try fixture.wait("its line is counted") { try value(fixture, "bedplate_instance_log_bytes_total", blue) == 6 }
        #expect(try value(fixture, "bedplate_instance_up", blue) == 1)
        #expect(try value(fixture, "bedplate_instance_healthy", blue) == 1)
        #expect(try value(fixture, "bedplate_instance_state", blue.merging(["state": "up"]) { $1 }) == 1)
        #expect(try value(fixture, "bedplate_instance_wanted", green) == 0)
        #expect(try value(fixture, "bedplate_instance_cpu_seconds_total", green) == nil)
        #expect(try #require(try value(fixture, "bedplate_instance_cpu_seconds_total", blue)) > 0)
        #expect(try #require(try value(fixture, "bedplate_instance_resident_memory_bytes", blue)) > 100_000)
        #expect(try #require(try value(fixture, "bedplate_instance_processes", blue)) >= 1)
        #expect(try value(fixture, "bedplate_instance_log_lost_bytes_total", blue) == 0)
        #expect(try value(fixture, "bedplate_slot_live", ["slot": "blue"]) == 1)
        #expect(try value(fixture, "bedplate_slot_live", ["slot": "green"]) == 0)
        try fixture.wait("failed probes are counted") {
            try value(fixture, "bedplate_probe_failures_total", ["probe": "liveness"]) ?? 0 >= 2
        }
        let readiness = ["probe": "readiness"]
        #expect(try value(fixture, "bedplate_probe_failures_total", readiness) == 0)
        #expect(try #require(try value(fixture, "bedplate_probe_duration_seconds_count", readiness)) >= 1)
        #expect(try #require(try value(fixture, "bedplate_probe_duration_seconds_sum", readiness)) > 0)
        #expect(try #require(try value(fixture, "bedplate_probe_last_duration_seconds", readiness)) > 0)
        #expect(try value(fixture, "bedplate_supervisor_info", ["profile": "test"]) == 1)
        #expect(try #require(try value(fixture, "bedplate_supervisor_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(try value(fixture, "bedplate_supervisor_events_total", ["kind": "state"])) > 0)
        kill(try #require(try fixture.status("api@blue").pid), SIGKILL)
        try fixture.wait("a restart is counted") {
            try value(fixture, "bedplate_instance_restarts_total", blue) == 1
        }
        #expect(try fixture.stop() == 0)
    }

    @Test("the port answers HTTP, refuses what is no request for metrics, and goes with the stack that wants it")
    func port() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        let number = try freePort()
        fixture.stack.metrics = MetricsEndpoint(address: "127.0.0.1", port: number)
        try fixture.start()
        let answer = ask(number, "GET /metrics?x=1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"))
        #expect(answer.contains("\nbedplate_instance_up{instance=\"api\",process=\"api\"} 1\n"))
        #expect(answer.hasSuffix("\n# EOF\n"))
        let head = ask(number, "HEAD /metrics HTTP/1.0\\r\\n\\r\\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
        #expect(ask(number, "GET / HTTP/1.1\\r\\n\\r\\n").hasPrefix("HTTP/1.1 404 "))
        #expect(ask(number, "POST /metrics HTTP/1.1\\r\\n\\r\\n").hasPrefix("HTTP/1.1 405 "))
        #expect(ask(number, "nonsense\\r\\n\\r\\n").hasPrefix("HTTP/1.1 400 "))
        #expect(ask(number, "GET /metrics HTTP/1.1\\r\\nX: " + String(repeating: "x", count: 9000)).contains(" 431 "))
        var next = fixture.stack
        next.metrics = nil
        _ = try fixture.client.apply(next)
        #expect(ask(number, "GET /metrics HTTP/1.1\\r\\n\\r\\n") == "refused\n")
        #expect(try fixture.status("api").restarts == 0)
        #expect(try fixture.stop() == 0)
    }

    @Test("silent clients of the port keep nobody from it, nor the supervisor from stopping")
    func silentClients() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        let number = try freePort()
        fixture.stack.metrics = MetricsEndpoint(address: "127.0.0.1", port: number)
        try fixture.start()
        let silent = try spawn([
            "/usr/bin/python3", "-c",
            """
            import socket, time
            kept = [socket.create_connection(('127.0.0.1', \(number))) for _ in range(50)]
            open('\(fixture.root)/connected', 'w').close()
            time.sleep(1000)
            """,
        ])
        defer {
            kill(silent, SIGKILL)
            _ = waitFor(silent)
        }
        try fixture.wait("they are connected") { access("\(fixture.root)/connected", F_OK) == 0 }
        #expect(ask(number, "GET /metrics HTTP/1.1\\r\\n\\r\\n").hasSuffix("\n# EOF\n"))
        #expect(try fixture.stop() == 0)
    }

    @Test("a port that somebody holds is told once, and the stack runs without it")
    func takenPort() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        let (holder, number) = try listener()
        fixture.stack.metrics = MetricsEndpoint(address: "127.0.0.1", port: number)
        try fixture.start()
        try fixture.waitUntilUp("api")
        let trouble = try fixture.events().filter { $0.kind == .trouble }
        #expect(
            trouble.map(\.reason) == [
                "metrics are not told: listening on port \(number) of 127.0.0.1: Address already in use"
            ])
        close(holder)
        // An operator need not wait for the next try.
        _ = try fixture.client.apply(fixture.stack)
        #expect(ask(number, "GET /metrics HTTP/1.1\\r\\n\\r\\n").hasSuffix("\n# EOF\n"))
        #expect(try fixture.stop() == 0)
    }

    private func listener() throws -> (Int32, Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(bound)
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }

    private func freePort() throws -> Int {
        let (descriptor, port) = try listener()
        close(descriptor)
        return port
    }

    /// What the port says to these bytes, escapes of Python included.
    private func ask(_ port: Int, _ request: String) -> String {
        run([
            "/usr/bin/python3", "-c",
            """
            import socket, sys
            try: s = socket.create_connection(('127.0.0.1', \(port)), 5)
            except ConnectionRefusedError: sys.exit(print('refused'))
            s.settimeout(10)
            s.sendall(b'\(request)')
            while data := s.recv(1 << 16): sys.stdout.buffer.write(data)
            """,
        ])
    }
}
