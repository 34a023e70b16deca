import Glibc
import Host
import HostLinux
import Synchronization
import SystemPackage
import Testing

@Suite struct LinuxProcessesRuntimeTests {
    @Test("each line of either stream is told while the command runs, and in the end what has no end of line")
    func hearing() async throws {
        let scratch = try Scratch()
        let heard = Mutex<[String]>([])
        let flag = scratch("heard")
        // It goes on only when its first line was heard.
        let script = "echo one; until [ -e \(flag) ]; do sleep 0.01; done; printf '10%%\\r20%%\\n' >&2; printf last"
        let result = try await LinuxProcesses().run(Command("/bin/sh", "-c", script), timeout: .seconds(20)) { line in
            heard.withLock { $0.append(line) }
            guard line == "one" else { return }
            do { try LinuxFiles().replace(flag, with: [], mode: [.ownerReadWrite], owner: nil) } catch {
                Issue.record(error)
            }
        }
        #expect(result.status == .exited(0))
        #expect(heard.withLock { $0.sorted() } == ["10%", "20%", "last", "one"])
        #expect(result.output == "one\nlast")
    }

    private let processes = LinuxProcesses()

    private func shell(_ script: String, timeout: Duration = .seconds(120)) async throws -> CommandResult {
        try await processes.run(Command("/bin/sh", "-c", script), timeout: timeout)
    }

    @Test("both streams and the status come back")
    func outcome() async throws {
        let result = try await shell("echo out; echo err >&2; exit 3")
        #expect(result == CommandResult(status: .exited(3), output: "out\n", errors: "err\n"))
        #expect(try await shell("kill -9 $$").status == .signalled(9))
    }

    @Test("more output than a pipe holds comes back whole, every time")
    func drained() async throws {
        for _ in 1...20 {
            let result = try await shell("head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero >&2")
            #expect(result.status == .exited(0))
            #expect(result.output.utf8.count == 300_000)
            #expect(result.errors.utf8.count == 300_000)
        }
    }

    @Test("endless output is bounded: its end is kept")
    func bounded() async throws {
        let result = try await shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end")
        #expect(result.output.utf8.count == 1 << 20)
        #expect(result.output.hasSuffix("xend\n"))
    }

    @Test("when the time is up the command and what it started are killed")
    func timeout() async throws {
        let scratch = try Scratch()
        let result = try await shell(
            "sh -c 'trap \"\" TERM; echo $$ > \(scratch("pid")); sleep 600; sleep 600' & echo began; wait",
            timeout: .seconds(2))
        #expect(result.status == .timedOut)
        #expect(result.output == "began\n")
        let text = String(decoding: try LinuxFiles().read(scratch("pid"), limit: 20), as: UTF8.self)
        let pid = try #require(Int32(text.filter { !$0.isWhitespace }))
        // It ignores TERM, so it was killed. A killed process may take a moment to go, and has no command line then.
        var line: [UInt8]? = [0]
        for _ in 0..<1000 where line?.isEmpty == false {
            line = try LinuxFiles().readIfPresent(FilePath("/proc/\(pid)/cmdline"), limit: 1000)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(line ?? [] == [])
    }

    @Test(
        "a command that marks a file keeps it locked until it ends, beside others that do, and its outcome is its own")
    func marking() async throws {
        let scratch = try Scratch()
        let fifo = scratch("fifo")
        #expect(try await shell("mkfifo \(fifo)").status == .exited(0))
        var waiting = Command("/bin/sh", "-c", "echo began >\(scratch("began")); read line <\(fifo); exit 3")
        waiting.marks = scratch("lock")
        async let outcome = processes.run(waiting, timeout: .seconds(60))
        while try LinuxFiles().status(scratch("began")) == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(throws: HostError.self) { try LinuxFiles().lock(scratch("lock")).release() }
        var quick = Command("/bin/sh", "-c", "kill -9 $$")
        quick.marks = scratch("lock")
        #expect(try await processes.run(quick, timeout: .seconds(60)).status != .exited(0))
        #expect(try await shell("echo >\(fifo)").status == .exited(0))
        #expect(try await outcome.status == .exited(3))
        try LinuxFiles().lock(scratch("lock")).release()
    }

    @Test("a command gets a clean environment and nothing to read")
    func environment() async throws {
        setenv("OURS", "leaked", 1)
        let result = try await processes.run(
            Command("/bin/sh", "-c", "cat; echo \"[$OURS][$THEIRS][$LC_ALL]\"", environment: ["THEIRS": "given"]),
            timeout: .seconds(120))
        #expect(result.output == "[][given][C.UTF-8]\n")
    }

    @Test("a program that is not there is an error with its name")
    func absent() async throws {
        let error = await #expect(throws: HostError.self) {
            try await processes.run(Command("/nonexistent/program"), timeout: .seconds(120))
        }
        #expect(error?.description.contains("/nonexistent/program") == true)
        #expect(throws: HostError.self) {
            try processes.startDetached(Command("/nonexistent/program"), log: "/dev/null")
        }
    }

    @Test("a detached program leads its own session, reads nothing and appends to its log")
    func detached() async throws {
        let scratch = try Scratch()
        try LinuxFiles().append(Array("before\n".utf8), to: scratch("log"), mode: [.ownerReadWrite])
        let pid = try processes.startDetached(
            Command("/bin/sh", "-c", "cat; echo session $(ps -o sid= -p $$); echo err >&2"), log: scratch("log"))
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        let log = String(decoding: try LinuxFiles().read(scratch("log"), limit: 1000), as: UTF8.self)
        let lines = log.split(separator: "\n").map { $0.filter { $0 != " " } }
        #expect(lines == ["before", "session\(pid)", "err"])
    }

    @Test("the children of a process are listed from the moment they are started, with what they call themselves")
    func children() throws {
        for _ in 1...100 {
            let pid = try processes.startDetached(Command("/bin/sleep", "31.7"), log: "/dev/null")
            defer { end(pid) }
            var title: String?
            repeat { title = try listed(pid) } while title?.hasPrefix("[") == true
            #expect(title == "/bin/sleep 31.7")
        }
    }

    @Test("a process without an argument vector is listed by its name, and one that has ended is not")
    func nameless() throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch("fifo").string, 0o600) == 0)
        let pid = try processes.startDetached(
            Command("/bin/bash", "-c", "exec -a '' cat 0<>\(scratch("fifo"))"), log: "/dev/null")
        defer { end(pid) }
        var title: String?
        repeat { title = try listed(pid) } while title?.contains("bash") == true
        #expect(title == "[cat]")
        kill(pid, SIGKILL)
        var ended = siginfo_t()
        #expect(waitid(P_PID, id_t(pid), &ended, WEXITED | WNOWAIT) == 0)
        #expect(try listed(pid) == nil)
    }

    @Test("children are listed while other processes come and go")
    func churning() throws {
        let loops = try (1...2).map { _ in
            try processes.startDetached(Command("/bin/sh", "-c", "while :; do /bin/true; done"), log: "/dev/null")
        }
        defer { loops.forEach(end) }
        for _ in 1...500 {
            let children = try Set(processes.children(of: getpid()).map(\.pid))
            #expect(children.isSuperset(of: loops))
        }
    }

    private func listed(_ pid: Int32) throws -> String? {
        try processes.children(of: getpid()).first { $0.pid == pid }?.title
    }

    private func end(_ pid: Int32) {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}
