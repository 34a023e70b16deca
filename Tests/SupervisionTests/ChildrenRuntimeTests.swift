import CLinux
import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: how children run", .serialized)
struct ChildrenRuntimeTests {
    private func settings(_ name: String, _ script: String, _ child: ChildSettings) -> InstanceSpec {
        shell(name, "\(script); exec sleep 1000") {
            $0.child = Boxed(child)
            $0.logs.timestamps = false
        }
    }

    @Test("umask, limits, nice value, memory score, groups and privileges are what the spec says")
    func settings() throws {
        let fixture = try RuntimeFixture([
            settings(
                "set", "umask; ulimit -Sn; ulimit -Hn; ulimit -c; nice; cat /proc/self/oom_score_adj; id -G",
                ChildSettings(
                    groups: ["adm", "games"], umask: 0o27, nice: 5, oomScore: 300,
                    resourceLimits: [
                        ResourceLimit(.nofile, soft: 100, hard: 200), ResourceLimit(.core, soft: 0, hard: 0),
                    ])),
            settings("usual", "umask; grep NoNewPrivs /proc/self/status", ChildSettings(nice: 1)),
            settings("free", "grep NoNewPrivs /proc/self/status", ChildSettings(mayGainPrivileges: true)),
        ])
        try fixture.start()
        try fixture.wait("all spoke") {
            try fixture.lines("set").count == 7 && fixture.lines("usual").count == 2 && fixture.lines("free").count == 1
        }
        #expect(try fixture.lines("set") == ["0027", "100", "200", "0", "5", "300", "0 4 60"])
        #expect(try fixture.lines("usual") == ["0022", "NoNewPrivs:\t1"])
        #expect(try fixture.lines("free") == ["NoNewPrivs:\t0"])
    }

    @Test("a child has no capability but those it is granted, as root and as another user")
    func capabilities() throws {
        let look = "grep -E 'Cap(Eff|Prm|Bnd|Amb)' /proc/self/status | cut -f2 | tr '\\n' ' '; echo"
        let granted = ChildSettings(capabilities: [.netBindService])
        let fixture = try RuntimeFixture([
            settings("root", look, granted), settings("user", look, granted),
            settings("none", look, ChildSettings(capabilities: [])),
        ])
        fixture.stack.instances[1].user = "nobody"
        fixture.stack.instances[2].user = "nobody"
        try fixture.start()
        try fixture.wait("all spoke") {
            try ["root", "user", "none"].allSatisfy { try fixture.lines($0).count == 1 }
        }
        let (one, zero) = ("0000000000000400", "0000000000000000")
        #expect(try fixture.lines("root") == ["\(one) \(one) \(one) \(zero) "])
        #expect(try fixture.lines("user") == ["\(one) \(one) \(one) \(one) "])
        #expect(try fixture.lines("none") == ["\(zero) \(zero) \(zero) \(zero) "])
    }

    @Test("files of variables are read at each start, win over the spec, and never reach a probe")
    func environmentFiles() throws {
        let fixture = try RuntimeFixture()
        let path = "\(fixture.root)/env"
        try write(Array("# ours\nA=first\nB='two words'\n".utf8), to: path)
        var api = settings("api", "echo \"$A $B $C\"", ChildSettings(environmentFiles: [path, "-\(path).missing"]))
        api.environment = ["A": "spec", "C": "spec"]
        api.probes.readiness = ProbeSpec(
            // Each probe writes it anew, and it is never seen half written.
            check: .exec(command: [
                "/bin/sh", "-c", "cd \(fixture.root) && echo \"$A$B\" > probe.new && mv probe.new probe",
            ]), interval: .milliseconds(50))
        fixture.stack.instances = [api]
        try fixture.start()
        try fixture.waitUntilUp("api")
        try fixture.wait("it spoke") { try fixture.lines("api") == ["first two words spec"] }
        #expect(read("\(fixture.root)/probe") == Array("spec\n".utf8))
        try write(Array("A=second\n".utf8), to: path)
        try fixture.client.restart([instance("api")])
        try fixture.wait("it read it anew") { try fixture.lines("api").last == "second  spec" }
    }

    @Test("a file of variables that is wrong, missing, or a pipe is a failed start with the file's name and line")
    func hostileFiles() throws {
        let fixture = try RuntimeFixture()
        let root = fixture.root
        try write(Array("A=1\nhunter2\n".utf8), to: "\(root)/wrong")
        run(["/usr/bin/mkfifo", "\(root)/pipe"])
        try write([UInt8](repeating: 0x23, count: 300 << 10), to: "\(root)/large")
        let names = ["wrong", "missing", "pipe", "large"]
        fixture.stack.instances = names.map { settings($0, "", ChildSettings(environmentFiles: ["\(root)/\($0)"])) }
        try fixture.start()
        try fixture.wait("all failed") { try names.allSatisfy { try fixture.status($0).state == .backingOff } }
        let reasons = [
            "line 2: there is no '=' in it", "No such file or directory", "it is no file", "File too large",
        ]
        for (name, reason) in zip(names, reasons) {
            #expect(
                try fixture.status(name).reason
                    == "cannot start \(name): reading the environment file '\(root)/\(name)': \(reason)")
        }
    }

    /// Runs the supervisor as a root that lacks some capabilities, so that stages fail which never do for root.
    private func reasons(without capabilities: String, _ specs: [InstanceSpec]) throws -> [String: String] {
        let fixture = try RuntimeFixture(specs)
        try fixture.start(under: ["/usr/bin/setpriv", "--bounding-set", capabilities])
        try fixture.wait("all failed") {
            try fixture.client.status().instances.allSatisfy { $0.reason?.hasPrefix("cannot start") ?? false }
        }
        return Dictionary(
            uniqueKeysWithValues: try fixture.client.status().instances.map { ($0.name.description, $0.reason ?? "") })
    }

    @Test("every stage between fork and exec that fails is named, and tried again")
    func stages() throws {
        let denied = "Permission denied"
        let refused = "Operation not permitted"
        let nobody = shell("groups", "") { $0.user = "nobody" }
        let first = try reasons(
            without: "-sys_nice,-sys_resource,-setpcap,-setgid",
            [
                settings("nice", "", ChildSettings(nice: -5)), settings("oom", "", ChildSettings(oomScore: -5)),
                settings(
                    "limit", "", ChildSettings(resourceLimits: [ResourceLimit(.nofile, soft: 10, hard: 1 << 40)])),
                settings("capabilities", "", ChildSettings(capabilities: [.kill])), nobody,
            ])
        #expect(first["nice"] == "cannot start nice: setting its nice value: \(denied)")
        #expect(first["oom"] == "cannot start oom: setting its out-of-memory score: \(denied)")
        #expect(first["limit"] == "cannot start limit: setting the limit nofile: \(refused)")
        #expect(first["capabilities"] == "cannot start capabilities: limiting capabilities (chown): \(refused)")
        #expect(first["groups"] == "cannot start groups: setting the groups of 'nobody': \(refused)")

        let second = try reasons(
            without: "-setuid",
            [
                shell("user", "") { $0.user = "nobody" }, shell("who", "") { $0.user = "no-such-user" },
                shell("group", "") { $0.group = "no-such-group" },
                settings("more", "", ChildSettings(groups: ["no-such-group"])),
                shell("directory", "") { $0.workingDirectory = "/nowhere" },
                shell("program", "") { $0.command = ["/nowhere/program"] },
                shell("secret", "") { $0.secretEnvironment = ["A": "/nowhere/a"] },
                shell("credential", "") { $0.credentials = ["a": "/nowhere/a"] },
            ])
        let missing = "No such file or directory"
        #expect(second["user"] == "cannot start user: setting user 'nobody': \(refused)")
        #expect(second["who"] == "cannot start who: setting user 'no-such-user': no such user")
        #expect(second["group"] == "cannot start group: setting group 'no-such-group': no such group")
        #expect(second["more"] == "cannot start more: setting supplementary group 'no-such-group': no such group")
        #expect(second["directory"] == "cannot start directory: changing to directory '/nowhere': \(missing)")
        #expect(second["program"] == "cannot start program: executing '/nowhere/program': \(missing)")
        #expect(second["secret"] == "cannot start secret: reading the secret for A from '/nowhere/a': \(missing)")
        #expect(
            second["credential"] == "cannot start credential: copying credential 'a' from '/nowhere/a': \(missing)")
    }

    @Test("a storm of two hundred processes that fork again and again is wholly gone after a stop")
    func storm() throws {
        let fixture = try RuntimeFixture([
            shell(
                "storm",
                "i=0; while [ $i -lt 200 ]; do i=$((i+1)); (while :; do sleep 0.3; done) & done; echo out; wait"
            ) {
                $0.stop = [StopStep(signal: "TERM", wait: .seconds(5)), StopStep(signal: "KILL")]
            }
        ])
        try fixture.start()
        try fixture.wait("it rages") { try fixture.lines("storm").count == 1 && fixture.processes().count > 200 }
        try fixture.client.stop([instance("storm")])
        try fixture.wait("it is down") { try fixture.status("storm").state == .down }
        try fixture.wait("it is gone") { fixture.processes() == [] }
    }

    @Test("a child that closes its pipes runs on, costs the supervisor nothing, and is stopped like any other")
    func closedPipes() throws {
        let fixture = try RuntimeFixture([
            shell("mute", "echo last; exec >/dev/null 2>&1; exec sleep 1000"),
            shell("clock", "while :; do echo tick; sleep 0.05; done"),
        ])
        try fixture.start()
        try fixture.wait("it spoke and is up") {
            try fixture.lines("mute").count == 1 && fixture.status("mute").healthy
        }
        let child = try #require(try fixture.status("mute").pid)
        try fixture.wait("it holds no pipe") { readlinks("/proc/\(child)/fd").allSatisfy { $0 == "/dev/null" } }
        // Read past the supervisor, so that asking costs it nothing.
        let log = "\(fixture.stack.directories.logs)/clock/current"
        func ticks() -> Int { (read(log) ?? []).filter { $0 == 0x0A }.count }
        let (before, from) = (processorTime(fixture.pid), ticks())
        try fixture.wait("the clock goes on") { ticks() >= from + 8 }
        // A loop that spun on the closed pipes would have used most of these 400 ms.
        #expect(processorTime(fixture.pid) - before < 10)
        #expect(try fixture.status("mute").pid == child)
        try fixture.client.stop([instance("mute")])
        try fixture.wait("it is down") { try fixture.status("mute").state == .down }
        #expect(try fixture.status("mute").lastEnd == "killed by TERM")
    }

    private func readlinks(_ directory: String) -> [String] {
        run(["/bin/sh", "-c", "readlink \(directory)/*"]).split(separator: "\n").map(String.init)
    }

    /// What a process has used, in hundredths of a second (proc(5), fields 14 and 15).
    private func processorTime(_ pid: pid_t) -> Int {
        let text = String(decoding: read("/proc/\(pid)/stat") ?? [], as: UTF8.self)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 13 ? (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0) : 0
    }

    @Test("a child that daemonizes has ended: its daemon is killed, and it is started again as its policy says")
    func daemonizes() throws {
        let fixture = try RuntimeFixture([
            shell("daemon", "setsid sh -c '(echo daemon; exec sleep 1000) & exit' ; exit 0") {
                $0.restart.initial = .seconds(100)
            }
        ])
        try fixture.start()
        try fixture.wait("it ended") { try fixture.status("daemon").state == .backingOff }
        #expect(try fixture.status("daemon").lastEnd == "exited 0")
        try fixture.wait("its daemon is gone") { fixture.processes() == [] }
        #expect(try fixture.events().contains { $0.kind == .strayKilled && $0.instance == instance("daemon") })
    }

    @Test("daemons that start further daemons in sessions of their own are all gone after a stop")
    func daemons() throws {
        let fixture = try RuntimeFixture([
            shell(
                "nest",
                """
                i=0
                while [ $i -lt 10 ]; do
                  i=$((i+1)); setsid sh -c '(setsid sh -c "while :; do sleep 0.2; done" &); while :; do sleep 0.2; done' &
                done
                echo out; exec sleep 1000
                """)
        ])
        try fixture.start()
        try fixture.wait("they run") { try fixture.lines("nest").count == 1 && fixture.processes().count > 20 }
        try fixture.client.stop([instance("nest")])
        try fixture.wait("they are gone") { fixture.processes() == [] }
        #expect(try fixture.events().contains { $0.kind == .strayKilled && $0.instance == instance("nest") })
    }
}
