import Platform
import Testing

@Suite("Times")
struct TimestampTests {
    @Test(
        "a time is read as RFC 3339 writes it",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("2023-11-14T22:13:20.000Z", 1_700_000_000_000),
            ("2023-11-15t00:13:20.5+02:00", 1_700_000_000_500), ("2024-02-29T12:00:00-00:30", 1_709_209_800_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:60Z", 253_402_300_800_000), ("2000-02-29T00:00:00Z", 951_782_400_000),
        ])
    func reading(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("what is written is read again as the same")
    func roundTrip() {
        // Days that are not multiples of anything, over four centuries and before 1970.
        for number in Int64(-40_000)..<110_000 {
            let moment = Timestamp(milliseconds: number * 86_399_123)
            guard Timestamp(moment.description) == moment else {
                Issue.record("\(moment)")
                return
            }
        }
        #expect(Timestamp(milliseconds: 951_782_399_999).description == "2000-02-28T23:59:59.999Z")
        #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test(
        "what is no time is none",
        arguments: [
            "", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+2:00",
            "2023-11-14T22:13:20Zx", "２023-11-14T22:13:20Z",
        ])
    func refusals(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
