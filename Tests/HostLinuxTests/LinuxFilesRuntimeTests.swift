import Glibc
import Host
import HostLinux
import SystemPackage
import Testing

@Suite struct LinuxFilesRuntimeTests {
    private let files = LinuxFiles()

    @Test("a file is replaced whole, with its final mode, and nothing is left beside it")
    func replacing() throws {
        let scratch = try Scratch()
        try files.replace(scratch("a"), with: Array("one".utf8), mode: [.ownerReadWrite], owner: nil)
        try files.replace(scratch("a"), with: Array("two".utf8), mode: [.ownerRead, .groupRead], owner: nil)
        #expect(try files.read(scratch("a"), limit: 10) == Array("two".utf8))
        #expect(try files.status(scratch("a"))?.mode == [.ownerRead, .groupRead])
        #expect(try files.list(scratch.path) == ["a"])
    }

    @Test("what a killed writer left beside a file is gone after the next write")
    func leftover() throws {
        let scratch = try Scratch()
        try files.replace(scratch("a").unfinished, with: [1, 2], mode: [.ownerReadWrite], owner: nil)
        try files.replace(scratch("a"), with: [3], mode: [.ownerReadWrite], owner: nil)
        #expect(try files.list(scratch.path) == ["a"])
        #expect(try files.read(scratch("a"), limit: 10) == [3])
    }

    @Test("a mode is the one asked for under any umask")
    func modes() throws {
        let scratch = try Scratch()
        try files.createDirectory(scratch("deep/er"), mode: FilePermissions(rawValue: 0o777), owner: nil)
        #expect(try files.status(scratch("deep/er"))?.mode.rawValue == 0o777)
        #expect(try files.status(scratch("deep"))?.kind == .directory)
        try files.createDirectory(scratch("deep/er"), mode: FilePermissions(rawValue: 0o700), owner: nil)
        #expect(try files.status(scratch("deep/er"))?.mode.rawValue == 0o700)
    }

    @Test("a replacement that fails leaves the old file and nothing beside it")
    func failedReplacement() throws {
        let scratch = try Scratch()
        try files.createDirectory(scratch("taken/full"), mode: [.ownerReadWriteExecute], owner: nil)
        #expect(throws: HostError.self) {
            try files.replace(scratch("taken"), with: [1], mode: [.ownerReadWrite], owner: nil)
        }
        #expect(try files.list(scratch.path) == ["taken"])
    }

    @Test("removing a tree follows no link and takes what nobody may write")
    func removingTrees() throws {
        let scratch = try Scratch()
        try files.createDirectory(scratch("outside"), mode: [.ownerReadWriteExecute], owner: nil)
        try files.replace(scratch("outside/kept"), with: [1], mode: [.ownerRead], owner: nil)
        try files.createDirectory(scratch("tree/sub"), mode: [.ownerReadWriteExecute], owner: nil)
        try files.replace(scratch("tree/sub/file"), with: [1], mode: [.ownerRead], owner: nil)
        try files.createLink(scratch("tree/link"), to: scratch("outside").string)
        try files.setMode(scratch("tree/sub"), [.ownerReadExecute])
        try files.removeTree(scratch("tree"))
        try files.removeTree(scratch("tree"))
        #expect(try files.list(scratch.path) == ["outside"])
        #expect(try files.list(scratch("outside")) == ["kept"])
    }

    @Test("absent is nil, unreadable is an error, and too large is refused")
    func reading() throws {
        let scratch = try Scratch()
        #expect(try files.readIfPresent(scratch("nothing"), limit: 1) == nil)
        #expect(try files.readIfPresent(scratch("nothing/below"), limit: 1) == nil)
        #expect(try files.status(scratch("nothing")) == nil)
        #expect(throws: HostError.self) { try files.readIfPresent(scratch.path, limit: 1) }
        try files.replace(scratch("big"), with: [UInt8](repeating: 7, count: 11), mode: [.ownerRead], owner: nil)
        #expect(throws: HostError.self) { try files.read(scratch("big"), limit: 10) }
        #expect(try files.read(scratch("big"), limit: 11).count == 11)
    }

    @Test("appended bytes follow what is there")
    func appending() throws {
        let scratch = try Scratch()
        try files.append(Array("a\n".utf8), to: scratch("log"), mode: [.ownerReadWrite])
        try files.append(Array("b\n".utf8), to: scratch("log"), mode: [.ownerReadWrite])
        #expect(try files.read(scratch("log"), limit: 10) == Array("a\nb\n".utf8))
    }

    @Test("a held lock names the pid of its holder, and a released one can be taken")
    func locks() throws {
        let scratch = try Scratch()
        let lock = try files.lock(scratch("lock"))
        let error = #expect(throws: HostError.self) { try files.lock(scratch("lock")) }
        guard case .locked(_, let holder) = error else {
            Issue.record("not a lock: \(String(describing: error))")
            return
        }
        #expect(holder == getpid())
        lock.release()
        try files.lock(scratch("lock")).release()
        #expect(try files.status(scratch("lock"))?.mode.rawValue == 0o600)
    }
}
