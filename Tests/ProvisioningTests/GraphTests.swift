import CoreTypes
import Host
import HostFixtures
import Provisioning
import Synchronization
import SystemPackage
import Testing

private let layout = Layout(root: "/")

@Suite struct GraphTests {
    @Test("steps that do not come after each other run at the same time")
    func parallel() async throws {
        let meeting = Meeting()
        var graph = StepGraph()
        let first = graph.add(Waiting(title: "one", meeting: meeting))
        let second = graph.add(Waiting(title: "two", meeting: meeting))
        graph.add(Remembering(title: "last"), after: [first, second])
        // Each of the two ends only when the other one has begun.
        let made = try await Engine(host: FakeHost(), layout: layout).run(graph)
        #expect(made.map(\.step) == ["one", "two", "last"])
    }

    @Test("a step begins when all that it comes after have ended, and not before")
    func order() async throws {
        let seen = Mutex<[Progress]>([])
        var graph = StepGraph()
        let first = graph.add(Remembering(title: "one"))
        let second = graph.add(Remembering(title: "two"), after: [first])
        graph.add(Remembering(title: "three"), after: [second])
        let engine = Engine(host: FakeHost(), layout: layout) { progress in seen.withLock { $0.append(progress) } }
        _ = try await engine.run(graph)
        let begun = seen.withLock { $0 }.compactMap { if case .began(let step, _, _) = $0 { step } else { nil } }
        #expect(begun == ["one", "two", "three"])
    }

    @Test("after a failure nothing new begins, and what runs is brought to its end")
    func failure() async throws {
        let host = FakeHost()
        var graph = StepGraph()
        let bad = graph.add(Failing())
        graph.add(Remembering(title: "beside"))
        graph.add(Remembering(title: "after"), after: [bad])
        let error = await #expect(throws: OperatorError.self) {
            try await Engine(host: host, layout: layout).run(graph)
        }
        #expect(error?.because == "no")
        #expect(host.disk.text("/memory/beside") != nil)
        #expect(host.disk.text("/memory/after") == nil)
    }
}

/// Two that wait for each other.
private actor Meeting {
    private var there = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func arrive() async {
        there += 1
        if there == 2 {
            for one in waiting { one.resume() }
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }
}

private struct Waiting: Step {
    let title: String
    let meeting: Meeting

    func check(_ host: any Host) async throws -> Bool {
        try host.files.status(FilePath("/memory/\(title)")) != nil
    }
    func plan(_ facts: Bool) -> [Change] { facts ? [] : [Change(title, "remember \(title)")] }
    func apply(_ change: Change, to host: any Host) async throws {
        await meeting.arrive()
        try await Remembering(title: title).apply(change, to: host)
    }
}

private struct Remembering: Step {
    let title: String

    func check(_ host: any Host) async throws -> Bool {
        try host.files.status(FilePath("/memory/\(title)")) != nil
    }
    func plan(_ facts: Bool) -> [Change] { facts ? [] : [Change(title, "remember \(title)")] }
    func apply(_ change: Change, to host: any Host) async throws {
        if try host.files.status("/memory") == nil {
            try host.files.createDirectory("/memory", mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        try host.files.replace(
            FilePath("/memory/\(title)"), with: [], mode: FilePermissions(rawValue: 0o644), owner: nil)
    }
}

private struct Failing: Step {
    let title = "bad"

    func check(_ host: any Host) async throws {}
    func plan(_ facts: Void) -> [Change] { [Change("bad", "fail")] }
    func apply(_ change: Change, to host: any Host) async throws { throw OperatorError(doing: "go on", because: "no") }
}
