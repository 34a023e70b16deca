import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: captured output", .serialized)
struct LogRuntimeTests {
    private func sizes(_ fixture: RuntimeFixture, _ name: String) -> [Int] {
        run(["/bin/sh", "-c", "stat -c %s \(fixture.stack.directories.logs)/\(name)/* 2>/dev/null"])
            .split(separator: "\n").compactMap { Int($0) }
    }

    /// The messages of JSON lines, oldest first.
    private func messages(_ fixture: RuntimeFixture, _ name: String) -> String {
        let directory = "\(fixture.stack.directories.logs)/\(name)"
        let message = "s/^.*\"message\":\"(.*)\"\\}$/\\1/"
        return run(["/bin/sh", "-c", "cat $(ls \(directory)/@*.log) \(directory)/current | sed -E '\(message)'"])
    }

    /// Events as they are on disk: asking for them needs a descriptor.
    private func told(_ fixture: RuntimeFixture, _ kind: SupervisorEvent.Kind) -> [String] {
        let text = String(decoding: read("\(fixture.stack.directories.state)/events.jsonl") ?? [], as: UTF8.self)
        return text.split(separator: "\n").filter { $0.contains("\"kind\":\"\(kind.rawValue)\"") }.map(String.init)
    }

    @Test("a JSON line names its process, slot, release and stream, also when the message is no text")
    func json() throws {
        let fixture = try RuntimeFixture([
            shell("api@blue", "printf 'say \"hi\"\\n\\377\\000\\033[1m\\n'; echo oops >&2; exec sleep 1000") {
                $0.logs.format = .json
                $0.release = try? ReleaseID(String(repeating: "1", count: 64))
            }
        ])
        try fixture.start()
        try fixture.wait("all is there") { try fixture.lines("api@blue").count == 3 }
        let lines = try fixture.lines("api@blue").map { try JSON(parsing: Array($0.utf8)) }
        #expect(Set(lines.compactMap { $0["message"]?.stringValue }) == ["say \"hi\"", "\u{FFFD}\0\u{1B}[1m", "oops"])
        for line in lines {
            #expect(line["process"] == .string("api"))
            #expect(line["slot"] == .string("blue"))
            #expect(line["release"] == .string(String(repeating: "1", count: 64)))
            let isError = line["message"] == .string("oops")
            #expect(line["stream"] == .string(isError ? "stderr" : "stdout"))
            #expect(line["time"]?.stringValue?.utf8.count == 24)
        }
    }

    @Test("no JSON line is lost, doubled or torn when the supervisor is killed while files are rotated every few lines")
    func jsonSurvives() throws {
        let fixture = try RuntimeFixture([
            shell("flood", "exec seq 1 100000000") {
                $0.logs = LogPolicy(maximumSize: .kibibytes(64), keep: 100_000, maximumTotal: nil, format: .json)
            }
        ])
        try fixture.start()
        for round in 0..<10 {
            usleep(UInt32(5_000 + round * 1_000))
            fixture.crash()
            try fixture.start()
        }
        try fixture.client.stop([instance("flood")])
        try fixture.wait("it is down") { try fixture.status("flood").state == .down }
        var numbers = messages(fixture, "flood").split(separator: "\n").map { Int($0) ?? -1 }
        // The last line of a killed writer may have no end.
        numbers.removeLast()
        #expect(numbers.count > 1000)
        #expect(numbers == Array(1...numbers.count))
    }

    @Test("all files of an instance together stay under the total while it floods")
    func total() throws {
        let fixture = try RuntimeFixture([
            shell("flood", "exec yes 'the same line again and again'") {
                $0.logs = LogPolicy(maximumSize: .kibibytes(256), keep: 1000, maximumTotal: .mebibytes(1))
            }
        ])
        try fixture.start()
        let first = "\(fixture.stack.directories.logs)/flood"
        try fixture.wait("the oldest went") {
            let names = run(["/bin/ls", first]).split(separator: "\n")
            return names.count == 4 && names.filter { $0.hasPrefix("@") }.allSatisfy { $0 > "@\(time(nil) - 1)" }
        }
        for _ in 0..<50 { #expect(sizes(fixture, "flood").reduce(0, +) <= 1 << 20) }
        #expect(try fixture.stop() == 0)
    }

    @Test("while several children flood, every line of another comes and every request is answered")
    func floods() throws {
        let flood = { (name: String) in
            shell(name, "exec yes 'the same line again and again'") {
                $0.logs = LogPolicy(maximumSize: .mebibytes(1), keep: 2)
            }
        }
        let fixture = try RuntimeFixture([
            flood("flood-a"), flood("flood-b"), flood("flood-c"), flood("flood-d"),
            shell("calm", "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.005; done"),
        ])
        try fixture.start()
        func rotations() -> Set<Substring> {
            Set(run(["/bin/ls", "\(fixture.stack.directories.logs)/flood-a"]).split(separator: "\n"))
        }
        try fixture.wait("it floods") { rotations().count == 3 }
        let before = rotations()
        var slowest = 0.0
        for _ in 0..<100 {
            let asked = SystemTime.seconds
            #expect(try fixture.client.status().instances.count == 5)
            slowest = max(slowest, SystemTime.seconds - asked)
        }
        let count = try fixture.lines("calm").count
        try fixture.wait("it is heard") { try fixture.lines("calm").count > count + 20 }
        // Said, not judged: the machine may be busy with something else.
        print("slowest of 100 requests during four floods: \(Int(slowest * 1000)) ms")
        #expect(rotations().isDisjoint(with: before.subtracting(["current"])), "it floods still")
        let numbers = try fixture.lines("calm").compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(numbers == Array(1...numbers.count))
        #expect(try fixture.stop() == 0)
    }

    @Test("who follows a log gets every line, over rotations")
    func followedRotation() throws {
        let fixture = try RuntimeFixture()
        let go = "\(fixture.root)/go"
        let script = """
            echo ready; while [ ! -e \(go) ]; do sleep 0.01; done
            i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; exec sleep 1000
            """
        fixture.stack.instances = [
            shell("api", script) { $0.logs = LogPolicy(maximumSize: .kibibytes(4), keep: 3) }
        ]
        try fixture.start()
        try fixture.wait("it is ready") { try fixture.lines("api").count == 1 }
        var numbers: [Int] = []
        try fixture.client.logs(instance("api"), lines: 1, follow: true) {
            // The last line comes when the follower is there.
            if $0.text.hasSuffix("ready") { try? write([], to: go) }
            if let number = Int($0.text.split(separator: " ").last ?? "") { numbers.append(number) }
            return numbers.last != 2000
        }
        #expect(numbers == Array(1...2000))
        #expect(run(["/bin/ls", "\(fixture.stack.directories.logs)/api"]).split(separator: "\n").count == 4)
    }

    @Test("a failed instance shows its last 20 lines, also to who asks another supervisor")
    func lastLines() throws {
        let fixture = try RuntimeFixture([
            shell("api", "seq 1 30; head -c 9000 /dev/zero | tr '\\0' x; echo; exit 3") {
                $0.logs = LogPolicy(maximumSize: .kibibytes(4), timestamps: false)
                $0.restart.mode = .never
            }
        ])
        try fixture.start()
        try fixture.wait("it failed") { try fixture.status("api").state == .failed }
        for isSecond in [false, true] {
            if isSecond {
                fixture.crash()
                try fixture.start()
            }
            let lines = try #require(try fixture.status("api").lastLines)
            #expect(lines.dropLast() == (12...30).map(String.init)[...])
            // A line that nobody would read to its end is cut.
            #expect(lines.last?.hasSuffix("xxx …") == true)
            #expect((lines.last?.utf8.count ?? 0) < 3000)
        }
    }

    // MARK: No room

    /// Whether this host lets us mount; a container may not.
    private static let canMount: Bool = {
        let path = "/tmp/bedplate-test-mount-\(getpid())"
        mkdir(path, 0o700)
        defer { rmdir(path) }
        guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount(path) == 0
    }()

    @Test(
        "a full disk stops writing with one event, stops no process, and it goes on when there is room",
        .enabled(if: canMount, "needs to mount a file system"))
    func fullDisk() throws {
        let fixture = try RuntimeFixture([
            shell("api", "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.01; done") {
                $0.logs.maximumTotal = nil
            }
        ])
        let logs = fixture.stack.directories.logs
        run(["/bin/mkdir", "-p", logs])
        try #require(mount("tmpfs", logs, "tmpfs", 0, "size=256k") == 0)
        defer {
            fixture.crash()
            for process in fixture.processes() { kill(process, SIGKILL) }
            umount2(logs, Int32(MNT_DETACH))
        }
        // Nearly all of it is somebody else's.
        run(["/bin/sh", "-c", "head -c 258048 /dev/zero > \(logs)/ballast"])
        try fixture.start()
        try fixture.wait("it is told") { !told(fixture, .logsStopped).isEmpty }
        #expect(told(fixture, .logsStopped).first?.contains("No space left on device") == true)
        let pid = try fixture.status("api").pid
        unlink("\(logs)/ballast")
        try fixture.wait("it goes on") { !told(fixture, .logsResumed).isEmpty }
        #expect(told(fixture, .logsStopped).count == 1)
        let count = try fixture.lines("api").count
        try fixture.wait("lines come") { try fixture.lines("api").count > count + 5 }
        #expect(try fixture.lines("api").contains { $0.contains("bytes were lost here") })
        #expect(try fixture.status("api").pid == pid)
        #expect(try fixture.status("api").restarts == 0)
    }

    /// `setting`: as prlimit(1) takes it; the soft limit of the supervisor alone.
    private func limit(_ fixture: RuntimeFixture, _ setting: String) {
        run(["/usr/bin/prlimit", "--pid", "\(fixture.pid)", setting])
    }

    @Test("a file that may not grow is one event, stops neither the supervisor nor a process, and goes on later")
    func fileSizeLimit() throws {
        let fixture = try RuntimeFixture([
            shell("api", "while :; do echo tick; sleep 0.01; done") { $0.logs.maximumSize = .mebibytes(1) }
        ])
        try fixture.start()
        try fixture.wait("lines come") { try fixture.lines("api").count > 3 }
        // The record of events is smaller than this for as long as this takes.
        run(["/bin/sh", "-c", "head -c 100000 /dev/zero >> \(fixture.stack.directories.logs)/api/current"])
        limit(fixture, "--fsize=65536:")
        try fixture.wait("it is told") { !told(fixture, .logsStopped).isEmpty }
        #expect(told(fixture, .logsStopped).first?.contains("File too large") == true)
        limit(fixture, "--fsize=unlimited:")
        try fixture.wait("it goes on") { !told(fixture, .logsResumed).isEmpty }
        #expect(told(fixture, .logsStopped).count == 1)
        #expect(try fixture.status("api").restarts == 0)
    }

    @Test("without a descriptor for the next file of a log its lines are counted, and written again when there is one")
    func noDescriptors() throws {
        let fixture = try RuntimeFixture()
        let go = "\(fixture.root)/go"
        let script = "while [ ! -e \(go) ]; do sleep 0.02; done; while :; do printf '%0100d\\n' 1; sleep 0.01; done"
        fixture.stack.instances = [shell("api", script) { $0.logs.maximumSize = .kibibytes(4) }]
        try fixture.start()
        try fixture.waitUntilUp("api")
        // Nothing can be opened from here on, not even a conversation.
        limit(fixture, "--nofile=4:")
        try write([], to: go)
        try fixture.wait("it is told") { !told(fixture, .logsStopped).isEmpty }
        #expect(told(fixture, .logsStopped).first?.contains("Too many open files") == true)
        limit(fixture, "--nofile=1024:")
        try fixture.wait("it goes on") { !told(fixture, .logsResumed).isEmpty }
        #expect(told(fixture, .logsStopped).count == 1)
        #expect(fixture.everyLine("api").contains { $0.contains("bytes were lost here") })
        #expect(try fixture.status("api").restarts == 0)
    }
}

/// For saying how long something took, never for judging it.
enum SystemTime {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
