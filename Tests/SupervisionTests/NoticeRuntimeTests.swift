import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: children that speak for themselves", .serialized)
struct NoticeRuntimeTests {
    /// A program with `say`, and `wait` for a file to appear.
    private static let prelude = """
        import os, socket, subprocess, sys, time
        socket_path = os.environ.get('NOTIFY_SOCKET', '')
        speaker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        def say(text): speaker.sendto(text.encode(), socket_path)
        def wait(path):
            while not os.path.exists(path): time.sleep(0.01)

        """

    private func python(
        _ name: String, _ script: String, _ change: (inout InstanceSpec) -> Void = { _ in }
    ) -> InstanceSpec {
        shell(name, "") {
            $0.command = ["/usr/bin/python3", "-c", Self.prelude + script]
            change(&$0)
        }
    }

    private let patient = ProbeSpec(check: .notify, timeout: .seconds(20))

    @Test("an instance is up after its own READY=1, what it says is in the status, and STOPPING=1 makes it unhealthy")
    func speaks() throws {
        let fixture = try RuntimeFixture()
        let (ready, stopping) = ("\(fixture.root)/ready", "\(fixture.root)/stopping")
        let script = """
            say('STATUS=loading')
            wait('\(ready)'); say('READY=1\\nSTATUS=serving')
            wait('\(stopping)'); say('STOPPING=1')
            time.sleep(1000)
            """
        fixture.stack.instances = [python("api", script) { $0.probes.readiness = patient }]
        try fixture.start()
        try fixture.wait("it said something") { try fixture.status("api").says == "loading" }
        #expect(try fixture.status("api").state == .starting)
        try write([], to: ready)
        try fixture.waitUntilUp("api")
        #expect(try fixture.status("api").says == "serving")
        try write([], to: stopping)
        try fixture.wait("it stops") { try fixture.status("api").reason == "says that it is stopping" }
        #expect(try !fixture.status("api").healthy)
    }

    @Test("a child of the main process speaks for the run; another instance and a stranger do not")
    func impostors() throws {
        let fixture = try RuntimeFixture()
        let go = "\(fixture.root)/go"
        // The thief wears the victim's marks.
        let thief = """
            wait('\(go)')
            marks = open('/proc/' + open('\(go)').read() + '/environ').read().split('\\0')
            marks = dict(mark.split('=', 1) for mark in marks if mark)
            script = "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
            script += "s.sendto(b'READY=1\\\\nSTATUS=stolen', os.environ['NOTIFY_SOCKET'])"
            subprocess.run([sys.executable, '-c', script], env=marks)
            say('STATUS=done')
            time.sleep(1000)
            """
        // It ends once it was heard (sd_notify_barrier(3)): of whom is gone nobody knows for which run it spoke.
        let child = """
            subprocess.run(['/bin/sh', '-c', '''exec /usr/bin/python3 -c "
            import os, socket
            speaker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            speaker.connect(os.environ['NOTIFY_SOCKET'])
            speaker.send(b'READY=1')
            heard, barrier = os.pipe()
            socket.send_fds(speaker, [b'BARRIER=1'], [barrier])
            os.close(barrier)
            os.read(heard, 1)
            " '''], start_new_session=True)
            time.sleep(1000)
            """
        fixture.stack.instances = [
            python("victim", "say('STATUS=honest')\ntime.sleep(1000)") { $0.probes.readiness = patient },
            python("thief", thief) { $0.probes.readiness = patient },
            python("parent", child) { $0.probes.readiness = patient },
        ]
        try fixture.start()
        try fixture.waitUntilUp("parent")
        try fixture.wait("the victim runs") { try fixture.status("victim").says == "honest" }
        // A stranger: this test.
        let send = "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1\\nSTATUS=stolen', "
        run(["/usr/bin/python3", "-c", "\(send)'\(fixture.stack.directories.run)/notify')"])
        let pid = try #require(try fixture.status("victim").pid)
        try write(Array("\(pid)".utf8), to: "\(go).new")
        rename("\(go).new", go)
        // Datagrams are read in the order in which they were sent.
        try fixture.wait("the thief has spoken") { try fixture.status("thief").says != nil }
        if try fixture.status("thief").says == "stolen" {
            try fixture.wait("the thief is done") { try fixture.status("thief").says == "done" }
        }
        #expect(try fixture.status("victim").state == .starting)
        #expect(try fixture.status("victim").says == "honest")
    }

    @Test("a process that no longer says WATCHDOG=1 is restarted; its environment tells it how often to")
    func watchdog() throws {
        let fixture = try RuntimeFixture()
        let hang = "\(fixture.root)/hang"
        let script = """
            pause = int(os.environ['WATCHDOG_USEC']) / 4e6
            while not os.path.exists('\(hang)'):
                say('WATCHDOG=1\\nSTATUS=%d' % os.getpid()); time.sleep(pause)
            os.rename('\(hang)', '\(hang).seen')
            time.sleep(1000)
            """
        fixture.stack.instances = [
            python("api", script) {
                $0.probes.liveness = ProbeSpec(check: .notify, timeout: .milliseconds(1000), failureThreshold: 2)
            }
        ]
        try fixture.start()
        try fixture.wait("it speaks") { try fixture.status("api").says != nil }
        let first = try #require(try fixture.status("api").pid)
        try write([], to: hang)
        try fixture.wait("another process speaks") {
            let status = try fixture.status("api")
            return status.says != nil && status.pid != first
        }
        #expect(try fixture.status("api").restarts == 1)
        #expect(
            try fixture.events().contains {
                $0.state == .stopping && $0.reason == "liveness probe: did not say WATCHDOG=1 within 1s"
            })
    }

    @Test("the socket's path and what was said once survive re-execution and kill -9, however soon")
    func survives() throws {
        let fixture = try RuntimeFixture()
        let script = """
            say('READY=1')
            count = 0
            while True:
                count += 1
                try: say('STATUS=%d' % count)
                except OSError: pass
                time.sleep(0.01)
            """
        fixture.stack.instances = [
            python("api", script) {
                $0.probes.startup = patient
                $0.probes.readiness = patient
            }
        ]
        try fixture.start()
        try fixture.waitUntilUp("api")
        // The snapshot may not have heard of it yet.
        fixture.crash()
        try fixture.start()
        let pid = try #require(try fixture.status("api").pid)
        for _ in 0..<3 {
            #expect(try fixture.status("api").healthy)
            try fixture.wait("it is heard") { try fixture.status("api").says != nil }
            fixture.crash()
            try fixture.start()
        }
        for _ in 0..<3 {
            let since = try fixture.client.status().since
            try fixture.client.reexecute()
            try fixture.wait("it is another image") { try fixture.client.status().since > since }
            #expect(try fixture.status("api").healthy)
            try fixture.wait("it is heard") { try fixture.status("api").says != nil }
        }
        #expect(try fixture.status("api").pid == pid)
        #expect(try fixture.status("api").restarts == 0)
    }

    @Test("a child that floods the socket delays nobody and fills no memory")
    func flood() throws {
        let fixture = try RuntimeFixture([
            python("flood", "say('READY=1')\nwhile True: say('WATCHDOG=1\\nSTATUS=' + 'x' * 3000)") {
                $0.probes.readiness = patient
                $0.probes.liveness = patient
            },
            shell("calm", "exec sleep 1000") {
                $0.probes.readiness = ProbeSpec(
                    check: .exec(command: ["/bin/true"]), interval: .milliseconds(50), timeout: .seconds(10),
                    failureThreshold: 1)
            },
        ])
        try fixture.start()
        try fixture.waitUntilUp("flood")
        try fixture.waitUntilUp("calm")
        let before = fixture.residentKilobytes
        for _ in 0..<100 { #expect(try fixture.status("calm").healthy) }
        #expect(try fixture.status("flood").says?.count == 256)
        #expect(fixture.residentKilobytes - before < 4096)
        #expect(try fixture.stop() == 0)
    }

    @Test(
        "systemd-notify speaks for the script that runs it",
        .enabled(if: access("/usr/bin/systemd-notify", X_OK) == 0, "systemd-notify is not installed"))
    func systemdNotify() throws {
        let fixture = try RuntimeFixture([
            shell("api", "systemd-notify --ready --status=hello; exec sleep 1000") { $0.probes.readiness = patient }
        ])
        try fixture.start()
        try fixture.waitUntilUp("api")
        #expect(try fixture.status("api").says == "hello")
    }
}
