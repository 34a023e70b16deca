import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: survival", .serialized)
struct SurvivalRuntimeTests {
    @Test("children outlive kill -9 of the supervisor and are re-adopted, with their output, without duplicates")
    func adoption() throws {
        let fixture = try RuntimeFixture([
            shell("api", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done"),
            shell("web", "exec sleep 1000"),
        ])
        try fixture.start()
        try fixture.wait("it logs") { try fixture.lines("api").count > 5 }
        let before = (try fixture.status("api").pid, try fixture.status("web").pid)
        fixture.crash()
        usleep(200_000)  // output that nobody reads meanwhile
        try fixture.start()
        #expect(try fixture.status("api").pid == before.0)
        #expect(try fixture.status("web").pid == before.1)
        let count = try fixture.lines("api").count
        try fixture.wait("it logs again") { try fixture.lines("api").count > count + 5 }
        let numbers = try fixture.lines("api").compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(numbers == Array(1...numbers.count))
        #expect(try fixture.events().filter { $0.kind == .adopted }.count == 2)
        kill(try #require(before.1), SIGKILL)
        try fixture.wait("an adopted child is restarted like any other") {
            let status = try fixture.status("web")
            return status.state == .up && status.pid != before.1
        }
        #expect(try fixture.stop() == 0)
        #expect(fixture.processes() == [])
    }

    @Test("a child that wrote over its environment, as nginx does, is re-adopted and not started twice")
    func adoptionWithoutMarks() throws {
        let fixture = try RuntimeFixture([shell("nginx", "exec /usr/bin/env -i /bin/sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("nginx")
        let before = try #require(try fixture.status("nginx").pid)
        try fixture.wait("its environment is gone") { read("/proc/\(before)/environ") == [] }
        fixture.crash()
        try fixture.start()
        #expect(try fixture.status("nginx").pid == before)
        #expect(try fixture.stop() == 0)
        #expect(!isAlive(before))
    }

    @Test("a recycled pid is never signalled")
    func recycledPid() throws {
        let stranger = try spawn(["/bin/sleep", "1000"])
        defer {
            kill(stranger, SIGKILL)
            _ = waitFor(stranger)
        }
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("api")
        let child = try #require(try fixture.status("api").pid)
        fixture.crash()
        kill(child, SIGKILL)
        let path = "\(fixture.stack.directories.state)/state.json"
        let text = String(decoding: try #require(read(path)), as: UTF8.self)
        // The snapshot now names a process that got the number of our child.
        let forged = text.split(separator: "\"pid\":\(child)", omittingEmptySubsequences: false)
            .joined(separator: "\"pid\":\(stranger)")
        #expect(forged != text)
        try write(Array(forged.utf8), to: path)
        try fixture.start()
        try fixture.waitUntilUp("api")
        #expect(try fixture.status("api").pid != stranger)
        #expect(try fixture.stop() == 0)
        #expect(isAlive(stranger))
    }

    @Test("state that cannot be read is kept under another name and named in an event")
    func unreadableState() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        run(["/bin/mkdir", "-p", fixture.stack.directories.state])
        try write(Array("{\"half\":".utf8), to: "\(fixture.stack.directories.state)/state.json")
        try fixture.start()
        try fixture.waitUntilUp("api")
        let event = try #require(try fixture.events().first { $0.kind == .trouble })
        let kept = try #require(event.reason?.split(separator: " ").last.map(String.init))
        #expect(read(kept) == Array("{\"half\":".utf8))
    }

    @Test("what an operator stopped stays stopped after the supervisor crashed, and after it left in order")
    func wishesLast() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000"), shell("web", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("api")
        try fixture.client.stop([instance("api")])
        fixture.crash()
        try fixture.start()
        #expect(try fixture.status("api").wanted == false)
        #expect(try fixture.stop() == 0)
        try fixture.start()
        try fixture.waitUntilUp("web")
        #expect(try fixture.status("api").state == .down)
    }

    @Test("a second supervisor on the same stack says who holds it, and exits 75")
    func secondSupervisor() throws {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        let text = run(["/bin/sh", "-c", "\(RuntimeFixture.program) --stack \(fixture.root)/stack.json; echo $?"])
        #expect(text.contains("the supervisor with pid \(fixture.pid) already runs this stack"))
        #expect(text.hasSuffix("\n75\n"))
    }

    @Test("a log that cannot be written stops nobody, is told once, and goes on when there is room")
    func unwritableLog() throws {
        let fixture = try RuntimeFixture([shell("api", "while :; do echo tick; sleep 0.05; done")])
        run(["/bin/mkdir", "-p", fixture.stack.directories.logs])
        try write([], to: "\(fixture.stack.directories.logs)/api")
        try fixture.start()
        try fixture.wait("it is told") { try fixture.events().contains { $0.kind == .logsStopped } }
        #expect(try fixture.status("api").state == .up)
        unlink("\(fixture.stack.directories.logs)/api")
        try fixture.wait("it goes on") { try fixture.events().contains { $0.kind == .logsResumed } }
        #expect(try fixture.events().filter { $0.kind == .logsStopped }.count == 1)
        #expect(try fixture.lines("api").contains { $0.contains("bytes were lost here") })
        #expect(try fixture.status("api").restarts == 0)
    }

    @Test("a flood is bounded on disk and holds up neither the socket nor another child's log")
    func flood() throws {
        let fixture = try RuntimeFixture([
            shell("flood", "exec yes 'the same line again and again'") {
                $0.logs = LogPolicy(maximumSize: .mebibytes(1), keep: 2)
            }, shell("calm", "while :; do echo tick; sleep 0.05; done"),
        ])
        try fixture.start()
        try fixture.wait("it was rotated three times") {
            run(["/bin/ls", "\(fixture.stack.directories.logs)/flood"]).split(separator: "\n").count == 3
        }
        let count = try fixture.lines("calm").count
        try fixture.wait("the calm one is heard") { try fixture.lines("calm").count > count + 5 }
        let sizes = run(["/bin/sh", "-c", "stat -c %s \(fixture.stack.directories.logs)/flood/* 2>/dev/null"]).split(
            separator: "\n")
        // One of them may be rotated away while they are listed.
        #expect(sizes.count >= 2)
        #expect(sizes.allSatisfy { Int($0).map { $0 <= 1 << 20 } ?? false })
        #expect(try fixture.stop() == 0)
    }

    @Test("a line longer than 64 KiB is split and marked, and no byte of it is lost")
    func longLine() throws {
        let fixture = try RuntimeFixture([
            shell("api", "head -c 200000 /dev/zero | tr '\\0' x; echo; echo end; exec sleep 1000") {
                $0.logs.timestamps = false
            }
        ])
        try fixture.start()
        try fixture.wait("it is all there") { try fixture.lines("api").last == "end" }
        let lines = try fixture.lines("api")
        #expect(lines.count >= 4)
        #expect(lines.dropLast(2).allSatisfy { $0.hasSuffix(" [the line goes on]") && $0.utf8.count <= 66_000 })
        #expect(lines.joined().filter { $0 == "x" }.count == 200_000)
    }
}
