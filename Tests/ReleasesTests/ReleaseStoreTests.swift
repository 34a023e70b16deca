import CoreTypes
import Host
import HostFixtures
import HostLinux
import Releases
import SystemPackage
import Testing

private let layout = Layout(root: "/trial")

@Suite struct ReleaseStoreTests {
    /// A small application at `/build`.
    private func machine() throws -> FakeHost {
        let host = FakeHost()
        host.disk.plant("/build/bin/app", "#!/bin/sh\n", mode: FilePermissions(rawValue: 0o700))
        host.disk.plant("/build/web/index.html", "<h1>hello</h1>")
        try host.disk.createLink("/build/web/start", to: "../bin/app")
        return host
    }

    @Test("a release is a read-only copy named by its content")
    func adopting() throws {
        let host = try machine()
        let store = ReleaseStore(host: host, layout: layout)
        let release = try store.adopt("/build")
        let path = store.directory(of: release)
        #expect(path.string == "/trial/var/lib/bedplate/releases/\(release)")
        #expect(host.disk.text(path.appending("web/index.html")) == "<h1>hello</h1>")
        #expect(try host.files.status(path.appending("bin/app"))?.mode.rawValue == 0o555)
        #expect(try host.files.status(path.appending("web/index.html"))?.mode.rawValue == 0o444)
        #expect(try host.files.linkTarget(path.appending("web/start")) == "../bin/app")
        #expect(try store.list() == [release])
    }

    @Test("the same content is one release, and is not copied again")
    func again() throws {
        let host = try machine()
        let store = ReleaseStore(host: host, layout: layout)
        let release = try store.adopt("/build")
        let operations = host.faults.count
        #expect(try store.adopt("/build") == release)
        #expect(host.faults.count == operations)
    }

    @Test("content, name, kind and the right to be run are all part of the name")
    func sensitivity() throws {
        var names: Set<ReleaseID> = []
        let changes: [(FakeHost) throws -> Void] = [
            { _ in },
            { $0.disk.plant("/build/web/index.html", "<h1>Hello</h1>") },
            { $0.disk.plant("/build/web/empty", "") },
            { $0.disk.plantDirectory("/build/web/empty") },
            { $0.disk.plant("/build/web/index.html", "<h1>hello</h1>", mode: FilePermissions(rawValue: 0o755)) },
            { try $0.disk.rename("/build/web/index.html", to: "/build/index.html") },
            {
                try $0.disk.remove("/build/web/start")
                try $0.disk.createLink("/build/web/start", to: "index.html")
            },
        ]
        for change in changes {
            let host = try machine()
            try change(host)
            names.insert(try ReleaseStore(host: host, layout: layout).adopt("/build"))
        }
        #expect(names.count == changes.count)
    }

    @Test("a release that was changed in place is found out and not used")
    func tampered() throws {
        let host = try machine()
        let store = ReleaseStore(host: host, layout: layout)
        let release = try store.adopt("/build")
        host.disk.plant(store.directory(of: release).appending("web/index.html"), "owned")
        #expect(throws: OperatorError.self) { try store.verify(release) }
        #expect(throws: OperatorError.self) { try store.adopt("/build") }
    }

    @Test("links that lead out of a release are refused", arguments: ["/etc/passwd", "../../etc", "a/../../../b"])
    func escapingLinks(target: String) throws {
        let host = try machine()
        try host.disk.createLink("/build/web/escape", to: target)
        let error = #expect(throws: OperatorError.self) { try ReleaseStore(host: host, layout: layout).adopt("/build") }
        #expect(error?.because.contains("web/escape is a link to \(target), outside the release") == true)
    }

    @Test("an adoption that is stopped after any operation leaves no half release, and the next one cleans up")
    func everyPowerCut() throws {
        let whole = try machine()
        let before = whole.faults.count
        let wanted = try ReleaseStore(host: whole, layout: layout).adopt("/build")
        for cut in 0..<(whole.faults.count - before) {
            let host = try machine()
            let store = ReleaseStore(host: host, layout: layout)
            host.faults.cutPower(after: cut)
            #expect(throws: (any Error).self) { try store.adopt("/build") }
            host.faults.restorePower()
            for release in try store.list() { try store.verify(release) }
            #expect(try store.adopt("/build") == wanted)
            try store.verify(wanted)
            #expect(try host.files.list(layout.releases) == [wanted.description], "cut after \(cut)")
        }
    }
}

@Suite struct ReleaseStoreRuntimeTests {
    @Test("a real directory gets the name that the same directory in memory gets")
    func sameName() throws {
        let scratch = try ScratchRoot()
        let files = LinuxHost().files
        try files.createDirectory(scratch.path.appending("build/bin"), mode: [.ownerReadWriteExecute], owner: nil)
        let mode = FilePermissions(rawValue: 0o755)
        try files.replace(scratch.path.appending("build/bin/app"), with: Array("run".utf8), mode: mode, owner: nil)
        let store = ReleaseStore(host: LinuxHost(), layout: Layout(root: scratch.path))
        let release = try store.adopt(scratch.path.appending("build"))
        try store.verify(release)
        #expect(try store.adopt(scratch.path.appending("build")) == release)

        let host = FakeHost()
        host.disk.plant("/build/bin/app", "run", mode: mode)
        #expect(try ReleaseStore(host: host, layout: layout).adopt("/build") == release)
    }
}
