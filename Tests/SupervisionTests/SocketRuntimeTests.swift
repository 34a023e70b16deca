import CLinux
import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: listening sockets", .serialized)
struct SocketRuntimeTests {
    /// A port that was free a moment ago.
    private func freePort(but other: Int? = nil) throws -> Int {
        for port in (20_000..<30_000).shuffled() where port != other {
            let descriptor = linux_listen("127.0.0.1", UInt16(port), 1)
            guard descriptor >= 0 else { continue }
            close(descriptor)
            return port
        }
        struct NoPort: Error {}
        throw NoPort()
    }

    /// Accepts at descriptor 3 and tells its pid; TERM ends it between two clients.
    private static let server = """
        $| = 1; my $s; open($s, "+<&=3") or die $!; my $stop; $SIG{TERM} = sub { $stop = 1 };
        print "$ENV{LISTEN_FDS} $ENV{LISTEN_FDNAMES} ", ($ENV{LISTEN_PID} == $$ ? "mine" : "not mine"), "\\n";
        my $r = ""; vec($r, 3, 1) = 1;
        until ($stop) { next if select(my $x = $r, undef, undef, 0.05) < 1; accept(my $c, $s) or next; syswrite($c, "$$\\n"); close $c }
        """

    /// Connects until a file appears; prints a line for each answer, and for each time something went wrong.
    private static let client = """
        use IO::Socket::INET; $| = 1; my ($port, $end) = @ARGV;
        until (-e $end) {
          select(undef, undef, undef, 0.002);
          my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or do { print "refused: $!\\n"; next };
          my $line = <$c>; print defined $line ? "answered\\n" : "unanswered\\n";
        }
        """

    private func server(_ name: String, at port: Int) -> InstanceSpec {
        shell(name, "") {
            $0.command = ["/usr/bin/perl", "-e", Self.server]
            $0.child = Boxed(
                ChildSettings(sockets: [ListeningSocket(name: "http", address: "127.0.0.1", port: port, backlog: 512)]))
            $0.logs.timestamps = false
        }
    }

    /// What went wrong for a client that connected all the while `work` was done. `work` calls what it is given to wait
    /// for another answer, so that each thing it does is seen by the client, however slow the machine is.
    private func load(
        _ fixture: RuntimeFixture, _ port: Int, while work: (_ another: () throws -> Void) throws -> Void
    ) throws -> [String] {
        let (end, output) = ("\(fixture.root)/end", "\(fixture.root)/seen")
        unlink(end)
        let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let pid = try spawn(["/usr/bin/perl", "-e", Self.client, "\(port)", end], output: descriptor)
        close(descriptor)
        var isReaped = false
        defer {
            if !isReaped {
                kill(pid, SIGKILL)
                _ = waitFor(pid)
            }
        }
        func lines() -> [Substring] { String(decoding: read(output) ?? [], as: UTF8.self).split(separator: "\n") }
        func answers() -> Int { lines().count { $0 == "answered" } }
        try work {
            let before = answers()
            try fixture.wait("another answer comes") { answers() > before }
        }
        try write([], to: end)
        isReaped = true
        #expect(waitFor(pid) == 0)
        return lines().filter { $0 != "answered" }.map(String.init)
    }

    private func restart(_ fixture: RuntimeFixture, _ name: String) throws {
        let before = try fixture.status(name).pid
        try fixture.client.restart([instance(name)])
        try fixture.wait("another process is up") {
            let status = try fixture.status(name)
            return status.healthy && status.pid != before
        }
    }

    @Test("no connection is refused while an instance restarts and the supervisor re-executes")
    func restarts() throws {
        let port = try freePort()
        let fixture = try RuntimeFixture([server("api", at: port)])
        try fixture.start()
        try fixture.waitUntilUp("api")
        let failures = try load(fixture, port) { another in
            for _ in 0..<3 {
                for _ in 0..<3 {
                    try restart(fixture, "api")
                    try another()
                }
                let since = try fixture.client.status().since
                kill(fixture.pid, SIGHUP)
                try fixture.wait("it is another image") { try fixture.client.status().since > since }
                try another()
            }
        }
        #expect(failures == [])
        #expect(try fixture.lines("api").first == "1 http mine")
        #expect(Set(try fixture.lines("api")).count == 1)
    }

    @Test(
        "no connection is refused when the supervisor is killed and started again, with systemd's store or without",
        arguments: [true, false])
    func crashes(withStore: Bool) throws {
        let port = try freePort()
        let fixture = try RuntimeFixture([server("api", at: port)])
        let systemd = try NotifySocket("\(fixture.root)/notify")
        let environment = withStore ? ["NOTIFY_SOCKET=\(systemd.path)"] : []
        try fixture.start(environment: environment)
        try fixture.waitUntilUp("api")
        if withStore { try systemd.wait("FDSTORE=1\nFDPOLL=0\nFDNAME=socket-api.http\n") }
        let failures = try load(fixture, port) { another in
            try another()
            let child = try fixture.status("api").pid
            for _ in 0..<3 {
                fixture.crash()
                // The child serves on while nobody supervises it.
                try another()
                try fixture.start(environment: environment, passing: withStore ? systemd.kept : [:])
                #expect(try fixture.status("api").pid == child)
                try another()
            }
            for _ in 0..<2 {
                try restart(fixture, "api")
                try another()
            }
        }
        #expect(failures == [])
    }

    @Test("a client that comes when neither child nor supervisor runs waits, and is answered by the next ones")
    func waitingClient() throws {
        let port = try freePort()
        let fixture = try RuntimeFixture([server("api", at: port)])
        let systemd = try NotifySocket("\(fixture.root)/notify")
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
        try fixture.waitUntilUp("api")
        try systemd.wait("FDSTORE=1\nFDPOLL=0\nFDNAME=socket-api.http\n")
        let child = try #require(try fixture.status("api").pid)
        fixture.crash()
        kill(child, SIGKILL)
        try fixture.wait("it ended") { !isAlive(child) }
        let failures = try load(fixture, port) { another in
            try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"], passing: systemd.kept)
            try another()
        }
        #expect(failures == [])
    }

    @Test("a port that somebody has is a failed start, tried again until it is free")
    func takenPort() throws {
        let port = try freePort()
        let holder = linux_listen("127.0.0.1", UInt16(port), 1)
        #expect(holder >= 0)
        let fixture = try RuntimeFixture([server("api", at: port)])
        fixture.stack.instances[0].restart.maximum = .milliseconds(100)
        try fixture.start()
        try fixture.wait("it backs off") { try fixture.status("api").state == .backingOff }
        #expect(
            try fixture.status("api").reason
                == "cannot start api: listening at 127.0.0.1:\(port) (socket 'http'): Address already in use")
        close(holder)
        try fixture.waitUntilUp("api")
    }

    private func isListening(_ port: Int) -> Bool {
        let descriptor = linux_listen("127.0.0.1", UInt16(port), 1)
        if descriptor >= 0 { close(descriptor) }
        return descriptor < 0
    }

    @Test("a socket is closed when its instance is stopped, leaves the stack, or has another place for it")
    func closes() throws {
        let first = try freePort()
        let second = try freePort(but: first)
        let fixture = try RuntimeFixture([server("api", at: first)])
        let systemd = try NotifySocket("\(fixture.root)/notify")
        let (stored, removed) = (
            "FDSTORE=1\nFDPOLL=0\nFDNAME=socket-api.http\n", "FDSTOREREMOVE=1\nFDNAME=socket-api.http\n"
        )
        try fixture.start(environment: ["NOTIFY_SOCKET=\(systemd.path)"])
        try fixture.waitUntilUp("api")
        try systemd.wait(stored)
        #expect(isListening(first))
        try fixture.client.stop([instance("api")])
        try fixture.wait("it is down") { try fixture.status("api").state == .down }
        try systemd.wait(removed)
        #expect(!isListening(first))
        try fixture.client.start([instance("api")])
        try systemd.wait(stored)
        try fixture.waitUntilUp("api")
        var next = fixture.stack
        next.instances = [server("api", at: second)]
        _ = try fixture.client.apply(next)
        try systemd.wait(removed)
        try systemd.wait(stored)
        try fixture.wait("it moved") { isListening(second) && !isListening(first) }
        try fixture.waitUntilUp("api")
        next.instances = []
        _ = try fixture.client.apply(next)
        try systemd.wait(removed)
        try fixture.wait("it is gone") { !isListening(second) }
    }
}
