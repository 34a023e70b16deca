import CoreTypes
import Host
import HostLinux
import SystemPackage
import Testing

@Suite struct LinuxAptRuntimeTests {
    @Test("whoever holds one of apt's locks is named, whichever it is")
    func lockHolders() async throws {
        let scratch = try Scratch()
        let files = [scratch("lock-frontend"), scratch("lists-lock"), scratch("absent")]
        for file in files.dropLast() {
            try LinuxFiles().replace(file, with: [], mode: [.ownerReadWrite], owner: nil)
        }
        let locks = AptLocks(files)
        #expect(try locks.holders() == [])
        // It holds the lock until it was seen.
        let script = """
            import fcntl, os, sys, time
            f = open(sys.argv[1], 'r+')
            fcntl.lockf(f, fcntl.LOCK_EX)
            while not os.path.exists(sys.argv[2]): time.sleep(0.01)
            """
        let seen = scratch("seen")
        async let holding = LinuxHost().processes.run(
            Command("/usr/bin/python3", "-c", script, files[1].string, seen.string), timeout: .seconds(30))
        var found: [PackageLockHolder] = []
        let watch = Stopwatch(ContinuousClock())
        while found.isEmpty, watch.elapsed < .seconds(20) {
            found = try locks.holders()
            await Task.yield()
        }
        #expect(found.map(\.file) == [files[1].string])
        #expect(found.first?.command?.hasPrefix("python3") == true)
        try LinuxFiles().replace(seen, with: [], mode: [.ownerReadWrite], owner: nil)
        #expect(try await holding.status == .exited(0))
        #expect(try locks.holders() == [])
    }

    @Test("a file address is read and fetched, and a flipped byte in what is fetched is refused and leaves nothing")
    func downloads() async throws {
        let scratch = try Scratch()
        let host = LinuxHost()
        let source = scratch("source")
        try host.files.replace(source, with: Array("hello\n".utf8), mode: [.ownerReadWrite], owner: nil)
        let read = try await host.downloads.read("file:\(source)", limit: 100)
        #expect(String(decoding: read, as: UTF8.self) == "hello\n")
        await #expect(throws: HostError.self) { try await host.downloads.read("file:\(source)", limit: 3) }
        // Of "hello\n", as sha256sum says.
        let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        let target = scratch("target")
        try await host.downloads.fetch("file:\(source)", to: target, sha256: digest)
        #expect(try host.files.status(target)?.kind == .file)
        #expect(try host.files.read(target, limit: 100) == read)
        try host.files.remove(target)
        try host.files.replace(source, with: Array("hellO\n".utf8), mode: [.ownerReadWrite], owner: nil)
        await #expect(throws: HostError.self) {
            try await host.downloads.fetch("file:\(source)", to: target, sha256: digest)
        }
        #expect(try host.files.list(source.removingLastComponent()) == ["source"])
        await #expect(throws: HostError.self) { try await host.downloads.read("file:/no/such/file", limit: 10) }
    }

    @Test("the machine tells its architecture, kernel, memory and the room on its file systems")
    func hardware() throws {
        let hardware = try LinuxHost().system.hardware()
        #expect(["x86_64", "aarch64"].contains(hardware.architecture))
        #expect(hardware.kernel.contains("."))
        #expect(hardware.memory > 256 << 20)
        let root = try LinuxHost().system.space(at: "/")
        #expect(root.available > 0)
        let absent = try LinuxHost().system.space(at: "/no/such/folder/anywhere")
        #expect((absent.device, absent.mount) == (root.device, root.mount))
        #expect(root.mount == "/")
    }

    @Test("the status file is read again only when it has changed")
    func cachedStatus() throws {
        let scratch = try Scratch()
        func write(_ version: String) throws {
            let text = "Package: a\nStatus: install ok installed\nVersion: \(version)\n"
            try LinuxFiles().replace(scratch("status"), with: Array(text.utf8), mode: [.ownerRead], owner: nil)
        }
        let status = DpkgStatus(scratch("status"))
        try write("1")
        #expect(try status.database().version(of: "a") == "1")
        try write("2")
        #expect(try status.database().version(of: "a") == "2")
    }
}
