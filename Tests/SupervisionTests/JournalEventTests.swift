import Control
import Testing

@testable import Supervision

@Suite("Events in the journal")
struct JournalEventTests {
    @Test("every kind of event has a message id of its own, and docs/events.md lists it")
    func messageIDs() throws {
        let page = try #require(read(sourceFile("docs/events.md")).map { String(decoding: $0, as: UTF8.self) })
        var seen: Set<String> = []
        for kind in SupervisorEvent.Kind.allCases where kind != .unknown {
            let id = kind.messageID
            #expect(id.utf8.count == 32 && id.allSatisfy { "0123456789abcdef".contains($0) }, "\(kind)")
            #expect(seen.insert(id).inserted, "\(kind)")
            #expect(page.contains("| `\(kind.rawValue)` | `\(id)` |"), "\(kind) is not in docs/events.md")
        }
    }

    @Test("an event's fields tell which instance, state, process and why")
    func fields() throws {
        let event = SupervisorEvent(
            at: 0, kind: .state, instance: instance("api@blue"), state: .backingOff, pid: 4711, reason: "exited 1")
        let text = String(decoding: event.journalEntry(profile: "cspm").bytes, as: UTF8.self)
        for line in [
            "MESSAGE=api@blue: backing-off, process 4711 (exited 1)", "PRIORITY=4",
            "MESSAGE_ID=\(SupervisorEvent.Kind.state.messageID)", "SYSLOG_IDENTIFIER=bedplated",
            "BEDPLATE_EVENT=state", "BEDPLATE_PROFILE=cspm", "BEDPLATE_INSTANCE=api@blue", "BEDPLATE_PROCESS=api",
            "BEDPLATE_SLOT=blue", "BEDPLATE_STATE=backing-off", "BEDPLATE_PID=4711", "BEDPLATE_REASON=exited 1",
        ] { #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)") }
    }
}

/// A file of the checkout that this test was built from.
func sourceFile(_ path: String, from file: String = #filePath) -> String {
    file.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/\(path)"
}
