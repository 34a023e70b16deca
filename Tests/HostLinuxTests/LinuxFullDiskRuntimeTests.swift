import Host
import HostLinux
import SystemPackage
import Testing

@Suite struct LinuxFullDiskRuntimeTests {
    /// A file system of 64 KiB for one test, which nothing fits on any more.
    private final class SmallDisk {
        let scratch: Scratch
        let path: FilePath

        init() async throws {
            scratch = try Scratch()
            path = scratch("disk")
            try LinuxFiles().createDirectory(path, mode: [.ownerReadWriteExecute], owner: nil)
            let mount = Command("/usr/bin/mount", "-t", "tmpfs", "-o", "size=64k", "none", path.string)
            let result = try await LinuxProcesses().run(mount, timeout: .seconds(10))
            try #require(result.status == .exited(0), "this test needs to mount a small file system: \(result.errors)")
        }

        func close() async throws {
            let result = try await LinuxProcesses().run(
                Command("/usr/bin/umount", "-l", path.string), timeout: .seconds(10))
            #expect(result.status == .exited(0), "\(result.errors)")
        }
    }

    @Test("what does not fit is not there in part: no half line, no half file, and no file beside it")
    func nothingInPart() async throws {
        let disk = try await SmallDisk()
        let files = LinuxFiles()
        let log = disk.path.appending("journal")
        try files.append(Array("one\n".utf8), to: log, mode: [.ownerReadWrite])
        let tooMuch = [UInt8](repeating: UInt8(ascii: "x"), count: 100 << 10)
        for attempt in ["append", "replace", "replace new"] {
            let error = #expect(throws: HostError.self) {
                switch attempt {
                case "append": try files.append(tooMuch, to: log, mode: [.ownerReadWrite])
                case "replace": try files.replace(log, with: tooMuch, mode: [.ownerReadWrite], owner: nil)
                default:
                    try files.replace(
                        disk.path.appending("other"), with: tooMuch, mode: [.ownerReadWrite], owner: nil)
                }
            }
            #expect(error?.saysFull == true, "\(attempt): \(String(describing: error))")
            #expect(try files.list(disk.path) == ["journal"], "\(attempt)")
            #expect(try files.read(log, limit: 100) == Array("one\n".utf8), "\(attempt)")
        }
        try files.append(Array("two\n".utf8), to: log, mode: [.ownerReadWrite])
        #expect(try files.read(log, limit: 100) == Array("one\ntwo\n".utf8))
        try await disk.close()
    }

    @Test("the room on a file system is told with where it is mounted")
    func mountPoint() async throws {
        let disk = try await SmallDisk()
        let system = LinuxHost().system
        for below in ["", "not/there/yet"] {
            let space = try system.space(at: disk.path.appending(below))
            #expect(space.mount == disk.path)
            #expect(space.available <= 64 << 10)
        }
        #expect(try system.space(at: disk.scratch.path).mount != disk.path)
        #expect(try system.space(at: disk.scratch.path).device != system.space(at: disk.path).device)
        try await disk.close()
    }

    @Test("a tar and a download that run into a full disk say so in words that are known")
    func commands() async throws {
        let disk = try await SmallDisk()
        let big = disk.scratch("big")
        try LinuxFiles().replace(
            big, with: [UInt8](repeating: 1, count: 200 << 10), mode: [.ownerReadWrite], owner: nil)
        let archive = disk.scratch("big.tar")
        let processes = LinuxProcesses()
        let pack = Command("/usr/bin/tar", "-cf", archive.string, "-C", disk.scratch.path.string, "big")
        _ = try await processes.run(pack, timeout: .seconds(10))
        let tar = try await processes.run(
            Command("/usr/bin/tar", "-xf", archive.string, "-C", disk.path.string), timeout: .seconds(10))
        #expect(HostError.ended(command: "tar", how: "failed", said: tar.lastLines(5)).saysFull, "\(tar)")
        try LinuxFiles().remove(disk.path.appending("big"))
        let digest = try await digest(of: big)
        let error = await #expect(throws: HostError.self) {
            try await AptDownloads(processes: processes).fetch(
                "file:\(big)", to: disk.path.appending("fetched"), sha256: digest)
        }
        #expect(error?.saysFull == true, "\(String(describing: error))")
        #expect(try LinuxFiles().list(disk.path) == [])
        try await disk.close()
    }

    private func digest(of path: FilePath) async throws -> String {
        let said = try await LinuxProcesses().run(Command("/usr/bin/sha256sum", path.string), timeout: .seconds(10))
        return String(said.output.prefix(64))
    }
}
