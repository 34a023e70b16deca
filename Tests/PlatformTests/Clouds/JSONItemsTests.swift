import Testing

@testable import Platform

@Suite("A JSON list in pieces")
struct JSONItemsTests {
    private func items(_ text: String, by size: Int = 3) throws -> [String] {
        var items = JSONItems()
        var found: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try items.feed(bytes[start..<min(start + size, bytes.count)]) {
                found.append(String(decoding: $0, as: UTF8.self))
            }
        }
        try items.finish()
        return found
    }

    @Test("each item comes as it stands there, however the list is cut", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let list = [#"{"a": "}]\"{\\"}"#, "{}", #"{"b": [1, {"c": []}]}"#]
        #expect(try items(" [" + list.joined(separator: ",\n ") + "]\n", by: size) == list)
        #expect(try items("[]", by: size).isEmpty && items("", by: size).isEmpty)
    }

    @Test(
        "what is no list of objects, or ends early, is refused",
        arguments: [
            ("{}", JSONItems.Malformed.notAList), ("hello", .notAList), ("[1]", .notAList), ("[{}] x", .notAList),
            ("[{}][{}]", .notAList), ("[[]]", .notAList), ("\u{0}[]", .notAList), ("[", .cutShort), ("[{}", .cutShort),
            (#"[{"a": "b"#, .cutShort), ("[{},", .cutShort),
        ])
    func refused(text: String, error: JSONItems.Malformed) {
        #expect(throws: error) { try items(text) }
    }

    @Test("an item without end, and one without bottom, are given up; what came before was handed on")
    func bounds() {
        var items = JSONItems()
        var found = 0
        let endless = repeatElement(UInt8(ascii: "x"), count: JSONItems.largestItem)
        #expect(throws: JSONItems.Malformed.itemTooLarge) {
            try items.feed(Array(#"[{},{"a":""#.utf8) + endless) { _ in found += 1 }
        }
        #expect(found == 1)
        #expect(throws: JSONItems.Malformed.tooDeep) { try self.items("[{\"a\":" + String(repeating: "[", count: 64)) }
        #expect(throws: JSONItems.Malformed.cutShort) { try self.items("[{\"a\":" + String(repeating: "[", count: 63)) }
    }
}
