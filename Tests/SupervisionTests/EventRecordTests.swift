import Control
import Glibc
import Testing

@testable import Supervision

@Suite("The event record")
final class EventRecordTests {
    private let directory: String
    private var path: String { "\(directory)/events.jsonl" }

    init() throws {
        var template = Array("/tmp/bedplate-record-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in ["events.jsonl", "events.jsonl.1"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    private func event(_ number: Int) -> SupervisorEvent {
        SupervisorEvent(at: Int64(number), kind: .trouble, reason: "number \(number)")
    }

    private func now(_ milliseconds: Int64 = 0) -> Moment { Moment(milliseconds: milliseconds) }

    @Test("it is bounded by two files, and the newest events are always there")
    func rotation() {
        let record = EventRecord(path: path, maximumSize: 4096)
        for number in 0..<1000 {
            record.add(event(number))
            record.flush(at: now())
        }
        let sizes = [path, path + ".1"].map { read($0)?.count ?? 0 }
        #expect(sizes.allSatisfy { $0 > 0 && $0 <= 4096 })
        #expect(record.last(50, at: now()).map(\.at) == Array(950..<1000))
    }

    @Test("a line that was cut off costs that event alone")
    func cutOff() throws {
        let first = EventRecord(path: path)
        first.add(event(1))
        first.flush(at: now())
        let whole = try #require(read(path))
        try write(whole + whole.dropLast(7), to: path)
        let second = EventRecord(path: path)
        second.add(event(2))
        second.flush(at: now())
        #expect(second.last(10, at: now()).map(\.at) == [1, 2])
        #expect(read(path)?.filter { $0 == 0x0A }.count == 3)
    }

    @Test("what cannot be written waits within bounds, is told all the same, and is written when it can be")
    func unwritable() {
        let record = EventRecord(path: directory + "/missing/events.jsonl")
        var told = 0
        let token = record.follow { _ in told += 1 }
        for number in 0..<5000 {
            record.add(event(number))
            record.flush(at: now())
        }
        record.unfollow(token)
        #expect(told == 5000)
        #expect(record.lost > 0)
        #expect(record.last(2, at: now()).map(\.at) == [4998, 4999])
        #expect(mkdir(directory + "/missing", 0o755) == 0)
        defer {
            unlink(directory + "/missing/events.jsonl")
            rmdir(directory + "/missing")
        }
        record.flush(at: now(500))
        #expect(read(directory + "/missing/events.jsonl") == nil, "it is tried again a second after the failure")
        record.flush(at: now(1000))
        let written = read(directory + "/missing/events.jsonl")?.filter { $0 == 0x0A }.count
        #expect(written == 5000 - Int(record.lost))
    }
}
