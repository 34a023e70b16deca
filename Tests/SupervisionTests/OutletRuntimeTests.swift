import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: logs to the journal and to Logstash", .serialized)
struct OutletRuntimeTests {
    private static let counting = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.005; done"

    private func kinds(_ fixture: RuntimeFixture, _ kind: SupervisorEvent.Kind) throws -> [SupervisorEvent] {
        try fixture.events().filter { $0.kind == kind }
    }

    /// 1, 2, 3, … without a gap, however often a number comes again.
    private func expectEach(_ numbers: [Int], sourceLocation: SourceLocation = #_sourceLocation) {
        var next = 1
        for number in numbers where number == next { next += 1 }
        #expect(next == (numbers.max() ?? 0) + 1, "the first that is missing", sourceLocation: sourceLocation)
    }

    // MARK: The journal

    @Test("lines reach the journal with the fields of their instance, whatever bytes they hold")
    func journal() throws {
        let fixture = try RuntimeFixture()
        let server = try JournalServer("\(fixture.root)/journal")
        fixture.stack.logging = Logging(journal: server.path)
        fixture.stack.instances = [
            shell(
                "api@blue",
                "printf 'hello\\n<3>broken\\n\\001\\377=x\\nend\\n'; echo oops >&2; head -c 70000 /dev/zero | tr '\\0' x; echo; exec sleep 1000"
            ) {
                $0.logs.journal = true
                $0.release = try? ReleaseID(String(repeating: "1", count: 64))
            }
        ]
        try fixture.start()
        try fixture.wait("all of it came") { try server.look().count == 7 }
        func entry(_ message: [UInt8]) throws -> [String: String] {
            let found = try #require(server.entries.first { $0["MESSAGE"] == message })
            return found.mapValues { String(decoding: $0, as: UTF8.self) }
        }
        let hello = try entry(Array("hello".utf8))
        #expect(hello["PRIORITY"] == "6")
        #expect(hello["SYSLOG_IDENTIFIER"] == "api")
        #expect(hello["BEDPLATE_INSTANCE"] == "api@blue")
        #expect(hello["BEDPLATE_PROCESS"] == "api")
        #expect(hello["BEDPLATE_SLOT"] == "blue")
        #expect(hello["BEDPLATE_RELEASE"] == String(repeating: "1", count: 64))
        #expect(hello["BEDPLATE_STREAM"] == "stdout")
        #expect(hello["BEDPLATE_INVOCATION"]?.isEmpty == false)
        #expect(try entry(Array("broken".utf8))["PRIORITY"] == "3")
        #expect(try entry([1, 255, 0x3D, 0x78])["BEDPLATE_STREAM"] == "stdout")
        #expect(try entry(Array("oops".utf8))["BEDPLATE_STREAM"] == "stderr")
        #expect(server.entries.filter { $0["BEDPLATE_CONTINUES"] != nil }.count == 1)
        #expect(server.entries.reduce(0) { $0 + ($1["MESSAGE"] ?? []).filter { $0 == 0x78 }.count } == 70_001)
    }

    @Test("a journal that is missing is waited for, and what came meanwhile is there")
    func missingJournal() throws {
        let fixture = try RuntimeFixture([shell("api", Self.counting) { $0.logs.journal = true }])
        fixture.stack.logging = Logging(journal: "\(fixture.root)/journal")
        try fixture.start()
        try fixture.wait("lines come") { try fixture.lines("api").count > 20 }
        let server = try JournalServer("\(fixture.root)/journal")
        try fixture.wait("it hears them") { try server.look().count > 40 }
        let numbers = try server.texts("MESSAGE").compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(numbers == Array(1...numbers.count))
        #expect(try kinds(fixture, .journalStopped).isEmpty)
    }

    @Test("a journal that takes nothing loses lines after a while, told once, and neither the file nor the child waits")
    func stuckJournal() throws {
        let fixture = try RuntimeFixture()
        let server = try JournalServer("\(fixture.root)/journal")
        fixture.stack.logging = Logging(journal: server.path)
        fixture.stack.instances = [
            shell("flood", "seq 1 200000; exec sleep 1000") {
                $0.logs.journal = true
                $0.logs.timestamps = false
            }
        ]
        try fixture.start()
        try fixture.wait("the file has all") { try fixture.lines("flood", 1) == ["200000"] }
        #expect(try kinds(fixture, .journalStopped).count == 1)
        try fixture.wait("what waited comes") {
            try server.look()
            return server.entries.count > 1000
        }
        let numbers = try server.texts("MESSAGE").compactMap { Int($0) }
        #expect(numbers == Array(1...numbers.count))
        #expect(numbers.count < 200_000)
    }

    // MARK: Logstash

    @Test("while Logstash is away lines wait on disk, over a kill -9 of the supervisor, and then come all and in order")
    func awayAndBack() throws {
        let port = try LineServer.freePort()
        let fixture = try RuntimeFixture([shell("api@green", Self.counting)])
        fixture.stack.logging = Logging(logstash: .init(address: try Endpoint("127.0.0.1:\(port)")))
        try fixture.start()
        try fixture.wait("it is told") { try kinds(fixture, .logstashAway).count == 1 }
        try fixture.wait("lines come") { try fixture.lines("api@green").count > 50 }
        fixture.crash()
        try fixture.start()
        try fixture.wait("lines come") { try fixture.lines("api@green").count > 100 }
        let server = try LineServer(port: port)
        try fixture.wait("all of it comes") { server.look().last ?? 0 > 150 }
        expectEach(server.numbers)
        let first = try JSON(parsing: Array(try #require(server.first).utf8))
        #expect(first["process"] == .string("api"))
        #expect(first["slot"] == .string("green"))
        #expect(first["stream"] == .string("stdout"))
        #expect(first["@timestamp"]?.stringValue?.hasSuffix("Z") == true)
        try fixture.wait("it is told") { try kinds(fixture, .logstashBack).count == 1 }
        #expect(try kinds(fixture, .logstashDropping).isEmpty)
        #expect(try fixture.stop() == 0)
    }

    @Test("what Logstash had not read when it broke off is sent again, so each line comes at least once")
    func reconnecting() throws {
        let server = try LineServer()
        let fixture = try RuntimeFixture([shell("api", "seq 1 50000; exec sleep 1000")])
        fixture.stack.logging = Logging(logstash: .init(address: try Endpoint("127.0.0.1:\(server.port)")))
        try fixture.start()
        for round in 1...3 {
            // It leaves most of it unread.
            try fixture.wait("lines come") {
                server.look(limit: 10_000)
                return server.connections == round && server.numbers.count > round * 50
            }
            server.hangUp()
        }
        try fixture.wait("the end comes") { server.look().last == 50_000 }
        expectEach(server.numbers)
        #expect(server.connections == 4)
        #expect(server.numbers.count > 50_000)
    }

    @Test(
        "a Logstash that reads slowly holds up neither its own instance nor another, and the spool stays in its bounds")
    func slowReader() throws {
        let server = try LineServer(window: 4096)
        let fixture = try RuntimeFixture([
            shell("flood", "seq 1 300000; exec sleep 1000") { $0.logs.timestamps = false },
            shell("calm", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done") { $0.logs.logstash = false },
        ])
        fixture.stack.logging = Logging(
            logstash: .init(address: try Endpoint("127.0.0.1:\(server.port)"), spool: .mebibytes(1)))
        try fixture.start()
        // 300,000 lines through a debug build: this takes as long as the machine needs for them.
        try fixture.wait("the flood is in its file", seconds: 60) { try fixture.lines("flood", 1) == ["300000"] }
        let before = try fixture.lines("calm").count
        try fixture.wait("the calm one is heard") { try fixture.lines("calm").count > before + 10 }
        #expect(try kinds(fixture, .logstashDropping).count == 1)
        let sizes = run(["/bin/sh", "-c", "stat -c %s \(fixture.stack.directories.state)/logstash/*.jsonl"])
        #expect(sizes.split(separator: "\n").compactMap { Int($0) }.reduce(0, +) <= 1 << 20)
        try fixture.wait("it catches up", seconds: 60) {
            let isLast = server.look().last == 300_000
            return try isLast && kinds(fixture, .logstashDropped).count == 1
        }
        // Every line came whole, the newest last, and those that did not come were counted.
        let numbers = server.numbers
        #expect(numbers.min() ?? 0 > 0)
        #expect(numbers == numbers.sorted())
        let told = try #require(try kinds(fixture, .logstashDropped).first?.reason?.split(separator: " ").first)
        #expect(Int(told) == 300_000 - numbers.count)
    }
}
