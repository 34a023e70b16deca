import Archives
import Glibc
import SystemPackage
import Testing

@Suite("Unpacking")
struct UnpackTests {
    @Test("files arrive with their content, in directories nobody listed")
    func honest() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("src/deep/main.swift", "let a = 1\n"), .init("README", "hello"), .init("src/b", ""))
        #expect(try scratch.unpack() == UnpackSummary(files: 3, bytes: 15))
        #expect(try scratch.content(of: "src/deep/main.swift") == "let a = 1\n")
        #expect(try scratch.content(of: "README") == "hello")
    }

    @Test("names outside of ASCII survive")
    func unicode() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("größe/日本.txt", "x"))
        #expect(try scratch.unpack().files == 1)
        #expect(try scratch.content(of: "größe/日本.txt") == "x")
    }

    @Test("files are 0600 and directories 0700 whatever the archive says")
    func modes() throws {
        let scratch = try ScratchFolder()
        try scratch.store(
            .init("d/").with { $0.mode = 0o040777 }, .init("d/run", "x").with { $0.mode = 0o104777 })
        _ = try scratch.unpack()
        #expect(scratch.mode(of: "d") == S_IFDIR | 0o700)
        #expect(scratch.mode(of: "d/run") == S_IFREG | 0o600)
    }

    @Test("the executable bit is kept where the caller wants it, and nothing else of the mode")
    func executable() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write(
            [.init(name: "run", data: [1], mode: 0o6755), .init(name: "data", data: [1], mode: 0o666)],
            as: .tarGzip, to: scratch.archive)
        _ = try scratch.unpack(formats: [.tarGzip], keepsExecutableBit: true)
        #expect(scratch.mode(of: "run") == S_IFREG | 0o700)
        #expect(scratch.mode(of: "data") == S_IFREG | 0o600)
    }

    @Test("an empty folder is filled, a used one is refused and left as it is")
    func existingFolder() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", "x"))
        mkdir(scratch.target.string, 0o700)
        #expect(try scratch.unpack().files == 1)
        #expect(throws: ArchiveError.folderInUse(scratch.target.string)) { try scratch.unpack() }
        #expect(try scratch.content(of: "a") == "x")
    }

    @Test("a folder that was there before stays, empty, after an error")
    func emptiedFolder() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("d/e/f", "x"), .init("../g", "x"))
        mkdir(scratch.target.string, 0o700)
        #expect(throws: ArchiveError.escapes(name: "../g")) { try scratch.unpack() }
        #expect(scratch.mode(of: "") == S_IFDIR | 0o700)
        #expect(ScratchFolder.names(in: scratch.target) == [])
    }

    @Test("a link in place of the folder is not followed")
    func linkedFolder() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", "x"))
        let elsewhere = scratch.path.appending("elsewhere")
        mkdir(elsewhere.string, 0o700)
        symlink(elsewhere.string, scratch.target.string)
        #expect(throws: ArchiveError.unwritable(scratch.target.string, errno: ENOTDIR)) { try scratch.unpack() }
        #expect(ScratchFolder.names(in: elsewhere) == [])
    }

    @Test("tar.gz and tar.zst unpack where they are asked for", arguments: [PackedArchive.Kind.tarGzip, .tarZstd])
    func tar(kind: PackedArchive.Kind) throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write([.init(name: "a/b", data: Array("hi".utf8))], as: kind, to: scratch.archive)
        #expect(try scratch.unpack(formats: [.tarGzip, .tarZstd]) == UnpackSummary(files: 1, bytes: 2))
        #expect(try scratch.content(of: "a/b") == "hi")
    }

    @Test("a tar.gz is no ZIP")
    func wrongFormat() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write([.init(name: "a", data: [1])], as: .tarGzip, to: scratch.archive)
        #expect(try scratch.refusal() == .notAnArchive(expected: [.zip]))
    }

    @Test("cancelling in the middle of a file ends at once and leaves nothing")
    func cancel() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write(
            [.init(name: "zeros", data: [UInt8](repeating: 0, count: 8 << 20))], as: .zip, to: scratch.archive)
        var asked = 0
        #expect(throws: ArchiveError.cancelled) {
            try scratch.unpack(isCancelled: {
                asked += 1
                return asked == 3
            })
        }
        #expect(asked == 3)
        #expect(ScratchFolder.names(in: scratch.path) == ["archive"])
    }

    @Test("a file that is not there is said to be unreadable")
    func missing() throws {
        let scratch = try ScratchFolder()
        #expect(try scratch.refusal() == .unreadable(scratch.archive.string, errno: ENOENT))
    }
}
