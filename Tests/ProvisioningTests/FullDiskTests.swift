import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

@Suite struct FullDiskTests {
    /// Steps that write, install, unpack and make folders.
    private let steps: [any Step] = [
        PackagesStep([.init("nginx")], brings: [.unit("nginx.service")], title: "packages"),
        DirectoryStep([.init("/var/lib/bedplate/runtimes", mode: .directoryDefault)]),
        PythonStep(
            .archive("/srv/python.tar.gz", sha256: "5e", folder: "/var/lib/bedplate/runtimes/python"),
            environment: "/var/lib/bedplate/runtimes/venv"),
        FileStep([.init("/etc/app.conf", content: "one\n")]),
    ]

    private func host() -> FakeHost {
        let host = FakeHost.bare(FakeHost.debian12)
        host.disk.plant("/srv/python.tar.gz", "a tar file")
        host.machine.setSpace(Space(device: 2, available: 3 << 20, mount: "/var"), at: "/var/lib")
        host.machine.setSpace(Space(device: 2, available: 3 << 20, mount: "/var"), at: "/var/lib/bedplate")
        return host
    }

    @Test("a disk that is full at any write ends the run with one sentence that names it, and the next run converges")
    func anyWrite() async throws {
        let whole = host()
        _ = try await Engine(host: whole, layout: Layout()).run(steps)
        let wanted = whole.disk.snapshot.filter { $0.key != Layout().journal.string }
        let writes = whole.faults.writes
        #expect(writes > 15)
        for room in 0..<writes {
            let host = host()
            let engine = Engine(host: host, layout: Layout())
            host.faults.fillDisk(after: room)
            let error = await #expect(throws: OperatorError.self) { try await engine.run(steps) }
            let said = try #require(error)
            let names = ["the file system at /var is full: 3 MiB free", "the file system at / is full: 40960 MiB free"]
            #expect(names.contains { said.because.hasPrefix($0) }, "after \(room): \(said)")
            #expect(!said.because.contains("\n"), "after \(room): \(said)")
            #expect(said.next?.hasPrefix("make room on /") == true)
            let half = host.disk.snapshot.keys.filter { $0.contains("staging") }
            #expect(half.isEmpty, "after \(room): \(half)")
            host.faults.makeRoom()
            _ = try await engine.run(steps)
            #expect(host.disk.snapshot.filter { $0.key != Layout().journal.string } == wanted, "after \(room)")
        }
    }

    @Test("what a whole installation takes there is said beside what is free")
    func needed() async throws {
        let host = host()
        host.disk.plantDirectory("/etc")
        host.commands.onRun("/usr/bin/tar") { _ in
            CommandResult(status: .exited(2), output: "", errors: "tar: bin: Cannot write: No space left on device")
        }
        let error = await #expect(throws: OperatorError.self) {
            try await Engine(host: host, layout: Layout()).run(steps)
        }
        #expect(
            error?.description == """
                cannot unpack /srv/python.tar.gz to /var/lib/bedplate/runtimes/python: the file system at /var is full: \
                3 MiB free, where a whole installation takes 2048 MiB
                  next: make room on /var and run the same command again, which goes on from there
                """)
    }

    @Test("a failure of another kind stays what it is")
    func other() async throws {
        let error = HostError.failed(call: "open", path: "/etc/app.conf", errno: .permissionDenied)
        let explained = FullDisk.explained(error, doing: "install", layout: Layout(), on: host())
        #expect("\(explained)" == "\(error)")
    }
}
