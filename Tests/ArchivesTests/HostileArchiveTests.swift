import Archives
import Glibc
import SystemPackage
import Testing

@Suite("Hostile archives")
struct HostileArchiveTests {
    @Test(
        "a name that leaves the folder, or could elsewhere, is refused",
        arguments: [
            ("../evil", ArchiveError.escapes(name: "../evil")),
            ("a/../../evil", .escapes(name: "a/../../evil")),
            ("a/..", .escapes(name: "a/..")),
            ("/etc/passwd", .absoluteName("/etc/passwd")),
            ("//etc/passwd", .absoluteName("//etc/passwd")),
            ("a/..\\evil", .badName("a/..\\evil", because: .backslash)),
            ("C:evil", .badName("C:evil", because: .drive)),
            ("c:/evil", .badName("c:/evil", because: .drive)),
            ("a\u{1B}[2Jb", .badName("a\u{1B}[2Jb", because: .control)),
            ("./", .noFiles),
            (String(repeating: "x", count: 256), .badName(String(repeating: "x", count: 256), because: .tooLong)),
            (String(repeating: "x/", count: 65), .badName(String(repeating: "x/", count: 65), because: .tooDeep)),
        ])
    func names(name: String, error: ArchiveError) throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init(name).with { $0.mode = name.hasSuffix("/") ? 0o040755 : 0o100644 })
        #expect(try scratch.refusal() == error)
    }

    @Test("backslashes of a Windows archive are separators, and lead out just as little")
    func windows() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("..\\evil", "x").with { $0.madeBy = 0x0014 })
        #expect(try scratch.refusal() == .escapes(name: "../evil"))
    }

    @Test("a name that is not UTF-8 is refused, flagged as UTF-8 or not", arguments: [UInt16(0x0800), 0])
    func notUTF8(flags: UInt16) throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init(bytes: [0x61, 0xFF, 0xFE]).with { $0.flags = flags })
        #expect(try scratch.refusal() != nil)
    }

    @Test("a NUL in a name does not hide the rest of it")
    func nul() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a\0/../../evil", "x"))
        // libarchive ends the name at the NUL; what is left is a harmless name.
        if try scratch.refusal() == nil { #expect(ScratchFolder.names(in: scratch.target) == ["a"]) }
        #expect(ScratchFolder.names(in: scratch.path).isSubset(of: ["archive", "target"]))
    }

    @Test("a symbolic link is refused before anything follows it")
    func symlink() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("l", "/etc").with { $0.mode = 0o120777 }, .init("l/passwd", "x"))
        #expect(try scratch.refusal() == .link(name: "l"))
    }

    @Test("hard links and devices of a tar are refused")
    func tarSpecials() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write(
            [.init(name: "a", data: [1]), .init(name: "b", target: "/etc/passwd")], as: .tarGzip, to: scratch.archive)
        #expect(try scratch.refusal(formats: [.tarGzip]) == .link(name: "b"))
        try PackedArchive.write([.init(name: "p", type: S_IFIFO)], as: .tarGzip, to: scratch.archive)
        #expect(try scratch.refusal(formats: [.tarGzip]) == .specialFile(name: "p"))
        try PackedArchive.write([.init(name: "c", type: S_IFCHR)], as: .tarGzip, to: scratch.archive)
        #expect(try scratch.refusal(formats: [.tarGzip]) == .specialFile(name: "c"))
    }

    @Test("the same path twice is refused, also where one of them is a directory")
    func duplicates() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", "1"), .init("./a", "2"))
        #expect(try scratch.refusal() == .duplicate(name: "a"))
        try scratch.store(.init("a", "1"), .init("a/b", "2"))
        #expect(try scratch.refusal() == .duplicate(name: "a/b"))
        try scratch.store(.init("a/b", "1"), .init("a", "2"))
        #expect(try scratch.refusal() == .duplicate(name: "a"))
    }

    @Test("0 bytes, no ZIP, a ZIP without files and a ZIP cut short each get a sentence of their own")
    func noArchive() throws {
        let scratch = try ScratchFolder()
        try scratch.store([])
        #expect(try scratch.refusal() == .empty)
        try scratch.store(Array("this is no archive at all, but it is long enough to be looked at".utf8))
        #expect(try scratch.refusal() == .notAnArchive(expected: [.zip]))
        try scratch.store()
        #expect(try scratch.refusal() == .noFiles)
        let whole = HostileZIP(entries: [.init("a", String(repeating: "x", count: 1000))]).bytes()
        try scratch.store(Array(whole[..<600]))
        #expect(try scratch.refusal() == .corrupt(because: "its directory is missing, as if it was cut off"))
    }

    @Test("every way to cut a ZIP short, and flipped bits everywhere, end in an error or in files inside the folder")
    func mutations() throws {
        let scratch = try ScratchFolder()
        let whole = HostileZIP(entries: [.init("a/b", "some text"), .init("c", "more text")]).bytes()
        var refused = 0
        for length in 0..<whole.count {
            try scratch.store(Array(whole[..<length]))
            if try scratch.refusal() != nil { refused += 1 }
        }
        #expect(refused == whole.count)
        for bit in stride(from: 0, to: whole.count * 8, by: 3) {
            let fresh = try ScratchFolder()
            var flipped = whole
            flipped[bit / 8] ^= 1 << (bit % 8)
            try fresh.store(flipped)
            _ = try fresh.refusal()
            #expect(ScratchFolder.names(in: fresh.path).isSubset(of: ["archive", "target"]))
        }
    }

    @Test("an encrypted archive is refused by name")
    func encrypted() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write([.init(name: "a", data: [1, 2, 3])], as: .encryptedZIP, to: scratch.archive)
        #expect(try scratch.refusal() == .encrypted(name: "a"))
    }

    @Test("content that does not match its checksum or size is refused")
    func corrupt() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", "text").with { $0.checksum = 1 })
        guard case .corrupt = try scratch.refusal() else {
            Issue.record("a wrong checksum passed")
            return
        }
        try scratch.store(.init("a", "text").with { $0.claimedSize = 1 << 30 })
        guard case .corrupt = try scratch.refusal() else {
            Issue.record("a wrong size passed")
            return
        }
    }
}
