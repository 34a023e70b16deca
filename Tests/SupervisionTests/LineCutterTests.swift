import Control
import CoreTypes
import Testing

@testable import Supervision

@Suite("Cutting lines")
struct LineCutterTests {
    private static let origin = LineOrigin(
        instance("api@blue"), release: nil, invocation: "abc", stream: "stdout")

    /// Cuts `text` as if it came in pieces of `size`; what was emitted, and the blocks of the last piece.
    private func cut(
        _ text: [UInt8], pieces size: Int, style: LineStyle, most: Int = .max, finish: Bool = true
    ) -> (bytes: [UInt8], blocks: [(bytes: [UInt8], consumed: Int?)]) {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { input.deallocate() }
        let cutter = LineCutter(input: input)
        let step = LineCutter.Step(wall: 1_795_000_000_123, style: style, origin: Self.origin, most: most)
        var carry: [UInt8] = []
        var bytes: [UInt8] = []
        var blocks: [(bytes: [UInt8], consumed: Int?)] = []
        var start = 0
        while start < text.count {
            let count = min(size, text.count - start)
            input.copyBytes(from: text[start..<start + count])
            blocks = []
            cutter.cut(count, step, carry: &carry) { block, consumed in
                bytes += block
                blocks.append((Array(block), consumed))
            }
            start += count
        }
        if finish { cutter.finish(&carry, step) { block, _ in bytes += block } }
        return (bytes, blocks)
    }

    private func messages(_ bytes: [UInt8]) throws -> [JSON] {
        try bytes.split(separator: 0x0A).map { try JSON(parsing: Array($0)) }
    }

    @Test("a JSON line has time, process, slot, stream and message, and says when it is the beginning of a longer one")
    func fields() throws {
        let found = try messages(cut(Array("ready \"now\"\n".utf8), pieces: 4, style: .json).bytes)
        let expected: JSON = .object([
            "time": .string("2026-11-18T11:06:40.123Z"), "process": .string("api"), "slot": .string("blue"),
            "stream": .string("stdout"), "message": .string("ready \"now\""),
        ])
        #expect(found == [expected])
        let long = try messages(
            cut([UInt8](repeating: 0x78, count: 200_000) + [0x0A], pieces: 4096, style: .json).bytes)
        #expect(long.count == 4)
        #expect(long.map { $0["continues"]?.boolValue ?? false } == [true, true, true, false])
        #expect(long.reduce(0) { $0 + ($1["message"]?.stringValue?.utf8.count ?? 0) } == 200_000)
    }

    @Test(
        "a character that comes in two reads, or lies where a long line is split, stays whole",
        arguments: [1, 3, 4093, 65536])
    func wholeCharacters(size: Int) throws {
        let text = String(repeating: "ä€𝄞", count: 20_000)
        let found = try messages(cut(Array("\(text)\n".utf8), pieces: size, style: .json).bytes)
        #expect(found.compactMap { $0["message"]?.stringValue }.joined() == text)
    }

    @Test(
        "no line, with its time or without, is longer than 64 KiB and the mark", arguments: [LineStyle.raw, .stamped])
    func bounded(style: LineStyle) {
        for size in [1000, 60_000, 65_536] {
            let text = [UInt8](repeating: 0x78, count: 60_000) + [UInt8](repeating: 0x79, count: 60_000) + [0x0A]
            let lines = cut(text, pieces: size, style: style).bytes.split(separator: 0x0A)
            #expect(lines.allSatisfy { $0.count <= LineCutter.maximumLine + LineCutter.splitMark.count + 25 })
            #expect(lines.joined().filter { $0 == 0x78 || $0 == 0x79 }.count == 120_000)
        }
    }

    @Test(
        "blocks are as small as the file's limit, and from any of them on the rest can be cut again",
        arguments: [LineStyle.raw, .stamped, .json])
    func resumable(style: LineStyle) {
        let text = (0..<3000).map { "line \($0)\n" }.joined()
        let all = Array(text.utf8)
        let whole = cut(all, pieces: 65_536, style: style, finish: false)
        let (bytes, blocks) = cut(all, pieces: 65_536, style: style, most: 4096, finish: false)
        #expect(bytes == whole.bytes)
        #expect(blocks.count > 5)
        #expect(blocks.allSatisfy { $0.bytes.count <= 4096 })
        var before: [UInt8] = []
        for block in blocks {
            before += block.bytes
            guard let consumed = block.consumed else { continue }
            #expect(before + cut(Array(all[consumed...]), pieces: 65_536, style: style, finish: false).bytes == bytes)
        }
    }
}
