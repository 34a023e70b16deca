import Archives
import Glibc
import SystemPackage
import Testing

@Suite("Limits of unpacking")
struct LimitTests {
    static let zeros = [UInt8](repeating: 0, count: 20 << 20)

    /// `truncate -s 1T z; printf end >> z; tar -S -cf - z | gzip -9n`
    static let sparseTar: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xED, 0xD0, 0x41, 0x0A, 0xC2, 0x40, 0x0C, 0x05,
        0xD0, 0x48, 0x2F, 0x32, 0x47, 0xB0, 0x58, 0xBC, 0x48, 0x4F, 0x50, 0xB0, 0x5B, 0x17, 0x56, 0x37, 0xAE, 0x3C,
        0xBA, 0xA1, 0xD0, 0x32, 0xD8, 0xA5, 0xA8, 0x08, 0xEF, 0x11, 0x26, 0x21, 0xB3, 0x98, 0xE1, 0xDF, 0xE3, 0xF3,
        0xF6, 0xE9, 0xD8, 0x75, 0x73, 0x4F, 0xAF, 0x3D, 0x1D, 0xAA, 0x39, 0xF7, 0x6D, 0x9B, 0x15, 0xA5, 0xFF, 0xC2,
        0xDF, 0xE2, 0x36, 0x5D, 0x87, 0x4B, 0x29, 0xF1, 0x33, 0x8F, 0xF9, 0xDC, 0xAD, 0x49, 0x2D, 0x89, 0x54, 0xFB,
        0xA6, 0x4E, 0xE7, 0x9D, 0x07, 0x9A, 0xCD, 0xE5, 0x78, 0x3E, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0xFF, 0xE7, 0x09, 0xF7, 0xCE, 0x36, 0x66, 0x00, 0x28, 0x00, 0x00,
    ]

    static func limits(bytes: Int64 = 1 << 40, files: Int = 1000, ratio: Int = 1_000_000) -> UnpackLimits {
        UnpackLimits(maximumBytes: bytes, maximumFiles: files, maximumRatio: ratio)
    }

    @Test("a bomb is stopped by its ratio, and a small file that compresses as well is not")
    func ratio() throws {
        let scratch = try ScratchFolder()
        try PackedArchive.write([.init(name: "bomb", data: Self.zeros)], as: .zip, to: scratch.archive)
        #expect(try scratch.refusal() == .ratio(limit: 200))
        let small = Array(Self.zeros[..<(4 << 20)])
        try PackedArchive.write([.init(name: "page", data: small)], as: .zip, to: scratch.archive)
        #expect(try scratch.unpack().bytes == 4 << 20)
    }

    @Test("the bytes written are bounded for all files together, to the byte")
    func bytes() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", "12345"), .init("b", "67890"))
        #expect(try scratch.refusal(limits: Self.limits(bytes: 9)) == .tooLarge(limit: 9))
        #expect(try scratch.unpack(limits: Self.limits(bytes: 10)).bytes == 10)
    }

    @Test("a sparse file counts as what it pretends to be")
    func sparse() throws {
        let scratch = try ScratchFolder()
        try scratch.store(Self.sparseTar)
        let error = try scratch.refusal(limits: Self.limits(bytes: 1 << 39), formats: [.tarGzip])
        #expect(error == .tooLarge(limit: 1 << 39))
    }

    @Test("files and directories are bounded together, also directories that are only implied")
    func files() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a/b/c", "x"), .init("d", "x"))
        #expect(try scratch.refusal(limits: Self.limits(files: 3)) == .tooManyFiles(limit: 3))
        #expect(try scratch.unpack(limits: Self.limits(files: 4)).files == 2)
    }

    @Test("entries that lie inside one another are bounded by what they write")
    func overlapping() throws {
        let scratch = try ScratchFolder()
        // Each entry's data is the next entry with its header: 100 KB that count fifty times.
        var dolls = [HostileZIP.Entry("f10", String(repeating: "x", count: 100_000))]
        for number in 11..<60 {
            let inner = dolls[dolls.count - 1]
            dolls.append(.init("f\(number)").with { $0.data = inner.localHeader + inner.data })
        }
        let outermost = dolls.removeLast()
        let inside = dolls.reversed().enumerated().map { depth, doll in
            doll.with { $0.offset = UInt32((depth + 1) * doll.localHeader.count) }
        }
        try scratch.store(HostileZIP(entries: [outermost] + inside).bytes())
        #expect(try scratch.refusal(limits: Self.limits(bytes: 1 << 20)) == .tooLarge(limit: 1 << 20))
        #expect(try scratch.unpack(limits: Self.limits()).files == 50)
    }

    @Test("a directory with more entries than anybody needs is refused before it is listed")
    func crowded() throws {
        let scratch = try ScratchFolder()
        let entries = (0..<2000).map { HostileZIP.Entry("\($0)") }
        try scratch.store(HostileZIP(entries: entries).bytes())
        #expect(try scratch.refusal(limits: Self.limits(files: 10)) == .tooManyFiles(limit: 10))
    }

    @Test("a full disk is said to be full", .enabled(if: geteuid() == 0, "mounting a small file system needs root"))
    func fullDisk() throws {
        let scratch = try ScratchFolder()
        try scratch.store(.init("a", String(repeating: "x", count: 100_000)))
        let disk = scratch.path.appending("disk")
        mkdir(disk.string, 0o700)
        try #require(mount("none", disk.string, "tmpfs", 0, "size=64k") == 0, "errno \(errno)")
        defer { umount(disk.string) }
        #expect(throws: ArchiveError.diskFull) {
            try unpackArchive(
                scratch.archive, into: disk.appending("target"), limits: .upload, isCancelled: { false })
        }
        #expect(ScratchFolder.names(in: disk) == [])
    }
}
