import Host
import HostFixtures
import SystemPackage
import Testing

@testable import Provisioning

@Suite struct RehearsalTests {
    private let open = FilePermissions(rawValue: 0o755)

    @Test("what a rehearsal writes, moves and removes is seen in it, and the real files stay as they are")
    func files() throws {
        let host = FakeHost()
        host.disk.plant("/srv/a/one", "1")
        host.disk.plant("/srv/a/two", "2")
        let before = host.disk.snapshot
        let files = Rehearsal(of: host).files
        try files.replace("/srv/a/one", with: Array("new".utf8), mode: open, owner: nil)
        #expect(try files.read("/srv/a/one", limit: 10) == Array("new".utf8))
        try files.copy("/srv/a/two", to: "/srv/a/three", mode: open)
        #expect(try files.list("/srv/a") == ["one", "three", "two"])
        #expect(try files.status("/srv/a/three")?.size == 1)
        try files.rename("/srv/a", to: "/srv/b")
        #expect(try files.status("/srv/a") == nil)
        #expect(try files.list("/srv/b") == ["one", "three", "two"])
        #expect(try files.read("/srv/b/two", limit: 10) == Array("2".utf8))
        #expect(try files.list("/srv") == ["b"])
        try files.removeTree("/srv/b")
        #expect(try files.readIfPresent("/srv/b/two", limit: 10) == nil)
        #expect(host.disk.snapshot == before)
    }

    @Test("a folder that is made anew after it was removed is empty")
    func madeAnew() throws {
        let host = FakeHost()
        host.disk.plant("/srv/a/one", "1")
        let files = Rehearsal(of: host).files
        try files.removeTree("/srv/a")
        try files.createDirectory("/srv/a", mode: open, owner: nil)
        #expect(try files.list("/srv/a") == [])
        #expect(try files.status("/srv/a/one") == nil)
    }
}
