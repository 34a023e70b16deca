import Foundation
import Glibc
import HTTPTypes
import ImageFixtures
import Scanning
import SystemPackage
import Testing

@testable import Platform

@Suite("The early end of a container scan")
struct ImageCancelTests {
    private let bench: Bench
    init() throws { bench = try Bench() }

    /// How a user ends a scan before its time.
    enum End: CaseIterable, Sendable {
        case cancel, removal

        func of(_ id: ScanID, _ bench: Bench, _ token: String) async throws {
            let reply = try await bench.api { client in
                switch self {
                case .cancel: try await client.send(.post, "/api/scans/\(id)/cancel", token: token)
                case .removal: try await client.send(.delete, "/api/scans/\(id)", token: token)
                }
            }
            #expect(reply.status == (self == .cancel ? 200 : 204))
        }
    }

    private static func image() -> TestImage {
        var layer = Tar()
        layer.add("bin/su", [0, 1], mode: 0o4755)
        return TestImage([layer])
    }

    /// What is left of a scan that was ended: what was found until then, counted right, and nothing else.
    private func isOver(_ id: ScanID, _ end: End, findings: Int) async throws {
        let scan = try await bench.store.scan(id)
        #expect(scan?.status == (end == .cancel ? .cancelled : nil))
        let left = try await bench.store.findings(of: id, after: nil, limit: 99).items.count
        #expect(left == (end == .cancel ? findings : 0) && left == scan?.counts.total ?? 0)
        for topic in [Topic.scan, .engine] {
            #expect(try await bench.queue.counts(of: topic) == QueueCounts(waiting: 0, held: 0, dead: 0))
        }
        #expect(try bench.uploads().isEmpty && bench.workspaces().isEmpty)
    }

    @Test(
        "while it waits for the worker, or for the engine, takes its files away and finds nothing",
        arguments: End.allCases, [Topic.scan, .engine])
    func queued(end: End, topic: Topic) async throws {
        let (id, token) = try await bench.uploadedImage(Self.image().oci())
        if topic == .engine { #expect(try await bench.worker().runNext(stop: StopSignal())) }
        try await end.of(id, bench, token)
        #expect(try await (topic == .engine ? bench.imageEngine() : bench.worker()).runNext(stop: StopSignal()))
        try await isOver(id, end, findings: 0)
    }

    @Test("while the worker takes the image in ends that", .timeLimit(.minutes(5)), arguments: End.allCases)
    func takenIn(end: End) async throws {
        let (id, token) = try await bench.uploadedImage(Self.image().docker())
        // A file of 8 GiB, nearly all of it a hole: it takes no room, and longer to read than anybody waits here.
        var header = Tar()
        header.add("layer.tar", [])
        var bytes = header.bytes
        bytes.replaceSubrange(124..<135, with: Array("77777777777".utf8))
        bytes.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = String(bytes.reduce(0) { $0 + Int($1) }, radix: 8)
        bytes.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8))
        let path = bench.data.upload(id).string
        try Data(bytes).write(to: URL(filePath: path))
        #expect(truncate(path, 8 << 30) == 0)

        let worker = bench.worker()
        async let ran = worker.runNext(stop: StopSignal())
        // The look at the scan; API and heartbeat sleep longer.
        await bench.clock.sleepers(1, before: .seconds(2))
        try await end.of(id, bench, token)
        bench.clock.advance(by: .seconds(1))
        #expect(try await ran)
        // It was not read to its end: then it would have been found to be no image.
        let jobs = try await bench.store.scan(id)?.jobs ?? []
        #expect(jobs.allSatisfy { $0.status == .running && $0.reason == nil })
        try await isOver(id, end, findings: 0)
    }

    @Test(
        "while the engine is at it keeps what was found until then, and nothing comes after it", arguments: End.allCases
    )
    func running(end: End) async throws {
        let (id, token) = try await bench.uploadedImage(Self.image().oci())
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        let engine = try bench.imageEngine { [$0[0], EndlessSource()] }
        async let ran = engine.runNext(stop: StopSignal())
        while try await bench.store.scan(id)?.jobs.contains(where: { $0.scanner == "endless" }) != true {
            await Task.yield()
        }
        // The look at the scan; API and heartbeat sleep longer.
        await bench.clock.sleepers(1, before: .seconds(2))
        try await end.of(id, bench, token)
        #expect(try await bench.store.add([.sample(1)], to: id) == 0, "a scanner that has not noticed yet")
        bench.clock.advance(by: .seconds(1))
        #expect(try await ran)
        try await isOver(id, end, findings: 3)
    }
}
