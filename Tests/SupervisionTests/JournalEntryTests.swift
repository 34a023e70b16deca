import Testing

@testable import Supervision

@Suite("Journal entries")
struct JournalEntryTests {
    @Test("an entry has a line a field, and a value with a newline travels with its length")
    func format() {
        var entry = JournalEntry("api@blue is up", priority: .notice)
        entry.add("BEDPLATE_INSTANCE", "api@blue")
        entry.add("BEDPLATE_REASON", nil)
        entry.add("BEDPLATE_TEXT", "a\nb")
        let expected = "MESSAGE=api@blue is up\nPRIORITY=5\nBEDPLATE_INSTANCE=api@blue\nBEDPLATE_TEXT\n"
        #expect(entry.bytes == Array(expected.utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\n".utf8))
    }

    @Test("where no journal listens there is no door to it")
    func absent() {
        #expect(JournalSocket(path: "/no/such/socket") == nil)
        #expect(JournalSocket(path: "/dev/null") == nil)
    }
}
