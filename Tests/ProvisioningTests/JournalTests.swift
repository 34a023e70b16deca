import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

private let layout = Layout(root: "/trial")

@Suite struct JournalTests {
    private func journaled() async throws -> FakeHost {
        let host = FakeHost()
        _ = try await Engine(host: host, layout: layout).run([FileStep([.init("/motd", content: "hello\n")])])
        return host
    }

    @Test("each change has a line before it and a line after it")
    func lines() async throws {
        let entries = try await Journal(at: layout.journal, on: journaled()).entries
        #expect(entries.map(\.event) == [.runBegan, .changeBegan, .before, .changeDone, .runEnded])
        #expect(entries[1].sentence == "write /motd (0644)")
        #expect(entries.allSatisfy { $0.format == 3 })
    }

    @Test("a last line that a power cut tore is cut off, wherever it was torn")
    func tornTail() async throws {
        let whole = try #require(try await journaled().disk.text(layout.journal))
        let last = try #require(whole.dropLast().lastIndex(of: "\n"))
        let lines = whole.split(separator: "\n").count
        for length in 1..<whole.distance(from: last, to: whole.endIndex) - 1 {
            let host = FakeHost()
            let torn = String(whole[...last]) + whole[last...].dropFirst().prefix(length)
            host.disk.plant(layout.journal, torn)
            #expect(try Journal(at: layout.journal, on: host).entries.count == lines - 1)
            #expect(host.disk.text(layout.journal) == String(whole[...last]))
        }
    }

    @Test("a damaged line in the middle stops us, is named, and the file is kept")
    func damage() throws {
        let host = FakeHost()
        host.disk.plant(layout.journal, "{\"at\":1,\"event\":\"run-began\",\"format\":1}\nnonsense\n{}\n")
        let error = #expect(throws: OperatorError.self) { try Journal(at: layout.journal, on: host) }
        #expect(error?.because == "line 2 is no entry of a journal")
        #expect(host.disk.text(layout.journal)?.contains("nonsense") == true)
    }

    @Test("a journal of a later release is refused and kept")
    func laterFormat() throws {
        let host = FakeHost()
        host.disk.plant(layout.journal, "{\"at\":1,\"event\":\"run-began\",\"format\":4}\n")
        let error = #expect(throws: OperatorError.self) { try Journal(at: layout.journal, on: host) }
        #expect(error?.because.contains("format 4, of a later release") == true)
    }
}
