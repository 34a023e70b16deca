import Control
import CoreTypes
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "a value survives writing and reading",
        arguments: [
            JSON.null, .bool(true), .integer(-42), .integer(.max), .number(1.5), .string("ä \"\\\n\u{1}𝄞/"), .array([]),
            .object(["b": .array([.integer(1), .object([:])]), "a": .null]),
        ])
    func roundTrip(value: JSON) throws {
        #expect(try JSON(parsing: value.bytes) == value)
    }

    @Test("keys are written sorted, so that equal values are equal bytes")
    func sortedKeys() {
        let value = JSON.object(["b": .integer(1), "a": .integer(2)])
        #expect(String(decoding: value.bytes, as: UTF8.self) == #"{"a":2,"b":1}"#)
    }

    @Test("escapes are read, also those of characters beyond the basic plane")
    func escapes() throws {
        #expect(try JSON(parsing: #""\u00e4\ud834\udd1e\n\/""#) == .string("ä𝄞\n/"))
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", "{", "[1,", #"{"a" 1}"#, #"{"a":1,"a":2}"#, "tru", "1 2", #""abc"#, "\"a\nb\"", #""\ud834""#, "-",
            "1e999", "nul",
            "[1}", #"{"a":}"#, #""\x""#,
        ])
    func refused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test("a thousand opened brackets are refused without exhausting the stack")
    func deep() {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }

    @Test("an event written straight to bytes is the line that its JSON would be")
    func eventLine() throws {
        var event = SupervisorEvent(at: 17, kind: .spawnFailed)
        for _ in 0..<2 {
            var line = Array("before".utf8)
            event.write(to: &line)
            #expect(line == Array("before".utf8) + (try JSON(encoding: event).bytes))
            event.instance = try InstanceName("api@blue")
            event.state = .backingOff
            event.pid = 4711
            event.reason = "a \"quoted\"\nreason"
        }
    }
}
