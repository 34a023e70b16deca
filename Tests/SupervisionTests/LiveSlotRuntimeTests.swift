import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: which slot is live", .serialized)
struct LiveSlotRuntimeTests {
    private func fixture() throws -> RuntimeFixture {
        let fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        fixture.stack.live = .blue
        return fixture
    }

    private func liveSlot(_ fixture: RuntimeFixture) -> String? {
        read(fixture.stack.directories.liveSlot).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("is in a file that everybody may read, from the start, after each Apply, and from the next start on")
    func told() throws {
        let fixture = try fixture()
        try fixture.start()
        #expect(liveSlot(fixture) == "blue\n")
        var status = stat()
        #expect(stat(fixture.stack.directories.liveSlot, &status) == 0 && status.st_mode & 0o777 == 0o644)
        fixture.stack.live = .green
        _ = try fixture.client.apply(fixture.stack)
        #expect(liveSlot(fixture) == "green\n")
        fixture.crash()
        unlink(fixture.stack.directories.liveSlot)
        try fixture.start()
        #expect(liveSlot(fixture) == "green\n")
        fixture.stack.live = nil
        _ = try fixture.client.apply(fixture.stack)
        #expect(liveSlot(fixture) == nil)
    }

    @Test("an Apply that cannot tell it is refused, and nothing is changed")
    func untold() throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.waitUntilUp("api")
        let before = try fixture.status("api").pid
        #expect(mkdir(fixture.stack.directories.liveSlot + ".new", 0o700) == 0)
        var next = fixture.stack
        next.live = .green
        next.instances = [shell("api", "exec sleep 2000"), shell("web", "exec sleep 1000")]
        let refusal = #expect(throws: OperatorError.self) { try fixture.client.apply(next) }
        #expect(refusal?.because.contains("live-slot") == true)
        #expect(liveSlot(fixture) == "blue\n")
        #expect(try fixture.client.status().instances.map(\.pid) == [before])
        #expect(rmdir(fixture.stack.directories.liveSlot + ".new") == 0)
        _ = try fixture.client.apply(next)
        #expect(liveSlot(fixture) == "green\n")
    }

    @Test("a supervisor that cannot tell it runs all the same, and says so")
    func startsUntold() throws {
        let fixture = try fixture()
        #expect(run(["/bin/mkdir", "-p", fixture.stack.directories.liveSlot + ".new"]) == "")
        try fixture.start()
        try fixture.waitUntilUp("api")
        try fixture.wait("it says so") {
            try fixture.events().contains { $0.kind == .trouble && $0.reason?.contains("live-slot") == true }
        }
    }
}
