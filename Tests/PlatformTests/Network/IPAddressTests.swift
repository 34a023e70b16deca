import Platform
import Testing

@Suite("Addresses and ranges")
struct IPAddressTests {
    @Test(
        "an address is read and shown the one way",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8:0:0::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ])
    func reading(text: String, shown: String) {
        #expect(IPAddress(text)?.description == shown)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", "localhost", "127.1", "0x7f.0.0.1", "1.2.3.4.5", "256.1.1.1", "::1%lo", "[::1]", "1.2.3.4 ", "::g",
        ])
    func refusals(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "a range has exactly what begins with its bits",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("172.16.0.0/12", "172.31.9.9", true),
            ("172.16.0.0/12", "172.32.0.0", false), ("fe80::/10", "febf::1", true), ("fe80::/10", "fec0::1", false),
            ("1.2.3.4", "1.2.3.4", true), ("1.2.3.4", "1.2.3.5", false), ("0.0.0.0/0", "9.9.9.9", true),
            ("0.0.0.0/0", "::1", false),
        ])
    func ranges(range: String, address: String, isInside: Bool) throws {
        let range = try #require(IPRange(range))
        #expect(range.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test("what is no range is none", arguments: ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "x/8"])
    func noRanges(text: String) {
        #expect(IPRange(text) == nil)
    }
}
