import CoreTypes
import Glibc
import Testing

@testable import Supervision

@Suite("The spool for Logstash")
struct LogSpoolTests {
    private func append(_ spool: LogSpool, _ text: String, unread: Int64 = 0) throws -> LogSpool.Dropped {
        try Array(text.utf8).withUnsafeBytes { try spool.append($0, unread: unread) }
    }

    private func everything(_ spool: LogSpool, from start: Int64) -> String {
        var bytes: [UInt8] = []
        var offset = start
        while let source = spool.source(at: offset) {
            var block = [UInt8](repeating: 0, count: source.count)
            let count = pread(source.descriptor, &block, source.count, source.start)
            guard count > 0 else { break }
            bytes += block[..<count]
            offset += Int64(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("another supervisor finds every whole line and the position, and takes off a line that was cut short")
    func reopening() throws {
        let scratch = try ScratchDirectory()
        var offset: Int64 = 0
        do {
            let spool = try LogSpool(directory: "\(scratch.path)/spool", limit: 1600)
            for index in 0..<50 { _ = try append(spool, "line \(index)\n") }
            offset = spool.lineStart(at: 20)
            spool.save(position: 20)
        }
        let newest = try #require(Files.names(in: "\(scratch.path)/spool").filter { $0.hasSuffix(".jsonl") }.max())
        let path = "\(scratch.path)/spool/\(newest)"
        try write(try #require(read(path)) + Array("line 5".utf8), to: path)
        let spool = try LogSpool(directory: "\(scratch.path)/spool", limit: 1600)
        #expect(spool.savedPosition == 20)
        #expect(spool.lineStart(at: spool.savedPosition) == offset)
        _ = try append(spool, "line 50\n")
        #expect(everything(spool, from: 0) == (0...50).map { "line \($0)\n" }.joined())
        #expect(everything(spool, from: offset) == (2...50).map { "line \($0)\n" }.joined())
    }

    @Test("what exceeds the limit goes from the oldest end, and the lines nobody read are counted")
    func limit() throws {
        let scratch = try ScratchDirectory()
        let spool = try LogSpool(directory: scratch.path, limit: 1600)
        var dropped = 0
        for index in 0..<1000 {
            dropped += try append(spool, "line \(1000 + index)\n", unread: spool.first).lines
            #expect(spool.end - spool.first <= 1600)
        }
        let kept = everything(spool, from: spool.first).split(separator: "\n")
        #expect(dropped + kept.count == 1000)
        #expect(kept.last == "line 1999")
        #expect(kept.first == "line \(1000 + dropped)")
        #expect(scratch.sizes.filter { $0.key.hasSuffix(".jsonl") }.values.reduce(0, +) <= 1600)
    }

    @Test("a reader in the middle of a line that has to go gets the rest of it")
    func torn() throws {
        let scratch = try ScratchDirectory()
        let spool = try LogSpool(directory: scratch.path, limit: 160)
        for index in 0..<16 { _ = try append(spool, "line 1\(index % 10)__\n") }
        let dropped = try append(spool, String(repeating: "x", count: 99) + "\n", unread: 4)
        #expect(String(decoding: dropped.rest, as: UTF8.self) == " 10__\n")
        #expect(everything(spool, from: spool.first).split(separator: "\n").count + dropped.lines + 1 == 17)
    }

    @Test("what was read is given back, segment by segment")
    func discarding() throws {
        let scratch = try ScratchDirectory()
        let spool = try LogSpool(directory: scratch.path, limit: 1600)
        for index in 0..<100 { _ = try append(spool, "line \(100 + index)\n") }
        let before = scratch.sizes.count
        spool.discard(before: 500)
        #expect(spool.first > 300 && spool.first <= 500)
        #expect(scratch.sizes.count < before)
        #expect(everything(spool, from: spool.first).hasSuffix("line 199\n"))
    }

    @Test("an address is a number or a name in the hosts file, and DNS is never asked")
    func addresses() throws {
        let scratch = try ScratchDirectory()
        let hosts = "\(scratch.path)/hosts"
        try write(Array("# 10.0.0.9 ghost\n10.0.0.7\tlogs.internal logs # the old one\n".utf8), to: hosts)
        #expect(HostAddress(try Endpoint("127.0.0.1:5044"), hosts: hosts)?.family == AF_INET)
        #expect(HostAddress(try Endpoint("[::1]:5044"), hosts: hosts)?.family == AF_INET6)
        #expect(HostAddress(try Endpoint("logs:5044"), hosts: hosts)?.family == AF_INET)
        #expect(HostAddress(try Endpoint("ghost:5044"), hosts: hosts) == nil)
        #expect(HostAddress(try Endpoint("example.org:5044"), hosts: hosts) == nil)
    }
}
