import Testing

@testable import Platform

@Suite("BSON")
struct BSONTests {
    private static let document: BSONDocument = [
        "find": "scans", "limit": 5, "ratio": .double(0.5), "yes": true, "none": .null,
        "when": .date(Timestamp(milliseconds: -1)), "inner": ["$in": ["a", 2, ["é": ""]]],
    ]

    private func read(_ bytes: [UInt8]) -> BSONDocument? { bytes.withUnsafeBytes { BSONDocument($0) } }

    @Test("what is written is read back, in its order")
    func roundTrip() { #expect(read(Self.document.encoded()) == Self.document) }

    @Test("a document of the specification has the specification's bytes")
    func specification() {
        let document: BSONDocument = ["hello": "world"]
        #expect(document.encoded() == Array("\u{16}\0\0\0\u{02}hello\0\u{06}\0\0\0world\0\0".utf8))
    }

    @Test("types that the store never writes are passed over")
    func foreignTypes() {
        // An ObjectId, binary data, a 32-bit integer and a timestamp.
        var bytes: [UInt8] = [0, 0, 0, 0, 7] + Array("o\0".utf8) + [UInt8](repeating: 9, count: 12)
        bytes += [5] + Array("b\0".utf8) + [2, 0, 0, 0, 0, 1, 2] + [0x10] + Array("i\0".utf8) + [7, 0, 0, 0]
        bytes += [0x11] + Array("t\0".utf8) + [UInt8](repeating: 1, count: 8) + [0]
        bytes[0] = UInt8(bytes.count)
        #expect(read(bytes) == ["i": 7])
    }

    @Test("bytes that end early or lie about their length are no document")
    func malformed() {
        let bytes = Self.document.encoded()
        for length in 0..<bytes.count { #expect(read(Array(bytes.prefix(length))) == nil) }
        for place in 0..<bytes.count {
            var damaged = bytes
            damaged[place] = 0xFF
            _ = read(damaged)
        }
    }
}
