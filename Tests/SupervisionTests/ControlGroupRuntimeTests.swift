import Control
import CoreTypes
import Glibc
import Testing

/// A control group that looks as if systemd had delegated it; `nil` where none can be made.
final class DelegatedGroup {
    let path: String

    init?() {
        let mounts = String(decoding: read("/proc/self/mountinfo") ?? [], as: UTF8.self).split(separator: "\n")
        guard let mount = mounts.first(where: { $0.contains(" - cgroup2 ") })?.split(separator: " ")[4] else {
            return nil
        }
        path = "\(mount)/bedplate-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        guard mkdir(path, 0o755) == 0, access("\(path)/cgroup.kill", W_OK) == 0 else { return nil }
        // setxattr(2), which no module of ours has.
        typealias SetAttribute =
            @convention(c) (
                UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32
            ) -> Int32
        guard let symbol = dlsym(nil, "setxattr") else { return nil }
        guard unsafeBitCast(symbol, to: SetAttribute.self)(path, "trusted.delegate", "1", 1, 0) == 0 else { return nil }
    }

    deinit {
        try? write(Array("1".utf8), to: "\(path)/cgroup.kill")
        for _ in 0..<200 where access(path, F_OK) == 0 {
            run(["/usr/bin/find", path, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
            usleep(10_000)
        }
    }

    /// Executes the rest of the command in the group.
    var entering: [String] { ["/bin/sh", "-c", "echo $$ > \(path)/cgroup.procs; exec \"$@\"", "sh"] }

    static let isPossible = DelegatedGroup() != nil
}

@Suite(
    "Runtime: control groups", .serialized, .enabled(if: DelegatedGroup.isPossible, "no control group can be made here")
)
struct ControlGroupRuntimeTests {
    private func group(of pid: Int32) -> String {
        String(decoding: read("/proc/\(pid)/cgroup") ?? [], as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("0::") }.map { String($0.split(separator: "/").last ?? "") } ?? ""
    }

    @Test("each instance runs in a leaf of its own, keeps it when the supervisor is killed, and leaves none behind")
    func leaves() throws {
        let group = try #require(DelegatedGroup())
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000"), shell("web", "exec sleep 1000")])
        try fixture.start(under: group.entering)
        try fixture.waitUntilUp("web")
        let child = try #require(try fixture.status("api").pid)
        #expect(self.group(of: fixture.pid) == "_supervisor")
        #expect(self.group(of: child) == "api")
        kill(fixture.pid, SIGHUP)
        try fixture.wait("it is another image") {
            try fixture.events().contains { $0.kind == .supervisorReexecuting }
        }
        try fixture.waitUntilUp("api")
        fixture.crash()
        let web = try #require(pid(in: "\(group.path)/web"))
        kill(web, SIGKILL)
        try fixture.wait("it ended") { !isAlive(web) }
        try fixture.start(under: group.entering)
        try fixture.waitUntilUp("web")
        #expect(try fixture.status("api").pid == child)
        #expect(self.group(of: child) == "api")
        #expect(self.group(of: try #require(try fixture.status("web").pid)) == "web")
        #expect(try fixture.stop() == 0)
        let left = run(["/usr/bin/find", group.path, "-mindepth", "1", "-type", "d"])
        #expect(left == "\(group.path)/_supervisor\n")
    }

    private func pid(in leaf: String) -> Int32? {
        String(decoding: read("\(leaf)/cgroup.procs") ?? [], as: UTF8.self).split(separator: "\n").first.flatMap {
            Int32($0)
        }
    }

    @Test("a storm of daemons that hide their marks and fork faster than anybody can look is gone after a stop")
    func storm() throws {
        let group = try #require(DelegatedGroup())
        // Each generation lives ten milliseconds, in a session of its own and with an empty environment. It ends when
        // its file goes, should nobody kill it.
        let fixture = try RuntimeFixture()
        let alive = "\(fixture.root)/alive"
        try write([], to: alive)
        let program = "\(fixture.root)/storm"
        let script = """
            #!/bin/sh
            [ -e \(alive) ] || exit
            setsid env -i \(program) & sleep 0.01
            """
        try write(Array(script.utf8), to: program, mode: 0o755)
        fixture.stack.instances = [
            shell("storm", "for i in 1 2 3 4 5 6 7 8; do setsid env -i \(program) & done; echo out; exec sleep 1000")
        ]
        try fixture.start(under: group.entering)
        defer { unlink(alive) }
        try fixture.wait("it rages") { try fixture.lines("storm").contains { $0.hasSuffix("out") } }
        try fixture.client.stop([instance("storm")])
        try fixture.wait("it is down") { try fixture.status("storm").state == .down }
        try fixture.wait("its leaf is empty and gone") { access("\(group.path)/storm", F_OK) != 0 }
        #expect(run(["/bin/sh", "-c", "grep -lsz '\(fixture.root)/[s]torm' /proc/[0-9]*/cmdline || true"]) == "")
        #expect(try fixture.events().contains { $0.kind == .strayKilled && $0.instance == instance("storm") })
    }

    @Test("a KILL step kills the whole tree, not the group alone")
    func killStep() throws {
        let group = try #require(DelegatedGroup())
        let fixture = try RuntimeFixture([
            shell(
                "deaf",
                """
                setsid sh -c 'trap "" TERM; echo deaf; while :; do sleep 1; done' &
                trap '' TERM; echo deaf; while :; do sleep 1; done
                """
            ) {
                $0.stop = [StopStep(signal: "TERM", wait: .milliseconds(100)), StopStep(signal: "KILL")]
            }
        ])
        try fixture.start(under: group.entering)
        try fixture.wait("both are deaf") { try fixture.lines("deaf").count == 2 }
        try fixture.client.stop([instance("deaf")])
        try fixture.wait("all is gone") { fixture.processes() == [] }
        #expect(try fixture.status("deaf").lastEnd == "killed by KILL")
    }

    @Test("a limit that cannot be enforced is told once, and keeps nothing from starting", arguments: [true, false])
    func limits(isDelegated: Bool) throws {
        let group = try #require(DelegatedGroup())
        let fixture = try RuntimeFixture([
            shell("api", "exec sleep 1000") {
                $0.child = Boxed(ChildSettings(limits: InstanceLimits(memory: .mebibytes(64), cpu: 50, pids: 20)))
            }
        ])
        try fixture.start(under: isDelegated ? group.entering : [])
        try fixture.waitUntilUp("api")
        for _ in 0..<2 {
            let before = try fixture.status("api").pid
            try fixture.client.restart([instance("api")])
            try fixture.wait("it runs anew") {
                let status = try fixture.status("api")
                return status.healthy && status.pid != before
            }
        }
        let told = try fixture.events().filter { $0.kind == .trouble }.compactMap(\.reason)
        guard isDelegated else {
            #expect(
                told == [
                    "its limit of memory, cpu, pids is not enforced: no control group was delegated to the supervisor"
                ])
            return
        }
        for (controller, file, value) in [
            ("memory", "memory.max", "67108864"), ("cpu", "cpu.max", "50000 100000"), ("pids", "pids.max", "20"),
        ] {
            let set = read("\(group.path)/api/\(file)").map { String(decoding: $0, as: UTF8.self) }
            let complaints = told.filter { $0.hasPrefix("its limit of \(controller) is not enforced: ") }
            // Either the kernel has the controller to give, or it was told once that it has not.
            if set == nil { #expect(complaints.count == 1) } else { #expect(set == value + "\n" && complaints == []) }
        }
    }
}
