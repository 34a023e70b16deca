import CoreTypes
import Testing

@Suite("Times and sizes")
struct QuantityTests {
    @Test(
        "a time is read with its units and printed in the largest ones",
        arguments: [
            ("250ms", 250, "250ms"), ("30s", 30_000, "30s"), ("90s", 90_000, "1m30s"), ("1m30s", 90_000, "1m30s"),
            ("1h1ms", 3_600_001, "1h1ms"), ("7d", 604_800_000, "7d"), ("0s", 0, "0s"),
        ] as [(String, Int64, String)])
    func times(text: String, milliseconds: Int64, printed: String) throws {
        let span = try TimeSpan(text)
        #expect(span.milliseconds == milliseconds)
        #expect(span.description == printed)
        #expect(try TimeSpan(printed) == span)
    }

    @Test(
        "a time without a unit, out of order, repeated, negative or too large is refused",
        arguments: ["", "30", "s", "30 s", "1s1m", "1s1s", "-1s", "1.5s", "99999999999999d", "1w", "١s"])
    func refusedTimes(text: String) {
        #expect(throws: InvalidQuantity.self) { try TimeSpan(text) }
    }

    @Test(
        "a size is read with its unit and printed in the largest whole one",
        arguments: [("64KiB", 65_536, "64KiB"), ("1024MiB", 1 << 30, "1GiB"), ("100B", 100, "100B"), ("0B", 0, "0B")]
            as [(String, Int64, String)])
    func sizes(text: String, bytes: Int64, printed: String) throws {
        #expect(try ByteCount(text).bytes == bytes)
        #expect(try ByteCount(text).description == printed)
    }

    @Test(
        "a size without a unit, in decimal units, negative or too large is refused",
        arguments: ["", "10", "10MB", "-1KiB", "1.5GiB", "9999999999TiB"])
    func refusedSizes(text: String) {
        #expect(throws: InvalidQuantity.self) { try ByteCount(text) }
    }
}
