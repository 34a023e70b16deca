import Foundation
import ImageFixtures
import Scanning
import SystemPackage
import Testing

@testable import Platform

@Suite("From an image to findings")
struct ImageLineTests {
    private let bench: Bench
    init() throws { bench = try Bench() }

    private func engine() throws -> JobConsumer { try bench.imageEngine() }
    private func upload(_ bytes: [UInt8]) async throws -> ScanID { try await bench.uploadedImage(bytes).id }

    private static func image() -> TestImage {
        var layer = Tar()
        layer.add("bin/su", [0, 1], mode: 0o4755)
        layer.add("app/.env", "KEY=" + "AKIA" + "Q3EGRZ7WPLX2NMTB\n")
        return TestImage([layer])
    }

    @Test("an uploaded image is a container scan: it says what image it is, and each scanner what it did")
    func wholeLine() async throws {
        let id = try await upload(Self.image().oci())
        #expect(try await bench.store.scan(id)?.kind == .container)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try bench.workspaces().isEmpty)
        #expect(try await engine().runNext(stop: StopSignal()))
        let final = try #require(await bench.store.scan(id))
        #expect(!final.status.isOpen && final.progress == 100)
        #expect(
            final.jobs.map(\.scanner).starts(with: ["image", "image-configuration", "image-packages", "image-secrets"]))
        #expect(final.jobs[0].reason?.hasPrefix("test:1, linux/amd64, sha256:") == true)
        #expect(final.jobs.allSatisfy { !$0.status.isOpen })
        let found = try await bench.store.findings(of: id, after: nil, limit: 99).items.map(\.rule)
        #expect(Set(found) == ["aws-access-key-id", "image-setuid", "image-no-user", "image-no-healthcheck"])
        #expect(found.count == final.counts.total)
        #expect(try bench.uploads().isEmpty)
    }

    @Test("an engine that is killed between two scanners doubles nothing")
    func killedEngine() async throws {
        let id = try await upload(Self.image().docker())
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        _ = try #require(await bench.queue.claim(from: .engine, by: "killed"))
        var first: [Finding] = []
        let source = try #require(bench.imageSources().make().first)
        _ = try source.search(bench.data.upload(id), isCancelled: { false }, report: { first.append($0) })
        try await bench.store.add(first, to: id)
        bench.time.advance(by: bench.queue.lease)
        #expect(try await engine().runNext(stop: StopSignal()))
        let final = try #require(await bench.store.scan(id))
        #expect(first.count == 3 && final.counts.total == 4)
        #expect(try await bench.store.findings(of: id, after: nil, limit: 99).items.count == 4)
    }

    @Test("a worker that is killed before, or after, it handed an image on costs a lease and leads to one engine job")
    func killedWorker() async throws {
        let id = try await upload(Self.image().oci())
        _ = try #require(await bench.queue.claim(from: .scan, by: "killed"))
        try await bench.store.note("image", .running, because: nil, in: id)
        #expect(try await !bench.worker().runNext(stop: StopSignal()))
        bench.time.advance(by: bench.queue.lease)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.queue.counts(of: .engine).waiting == 1)
        try await bench.queue.add(Job(scan: id), to: .scan)
        #expect(try await engine().runNext(stop: StopSignal()))
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        for topic in [Topic.scan, .engine] {
            #expect(try await bench.queue.counts(of: topic) == QueueCounts(waiting: 0, held: 0, dead: 0))
        }
        #expect(try await bench.store.findings(of: id, after: nil, limit: 99).items.count == 4)
        #expect(try bench.uploads().isEmpty)
    }

    @Test("a layer that is not what its digest says fails the scan in the engine")
    func damagedLayer() async throws {
        var image = Self.image()
        image.digests = ["sha256:" + String(repeating: "0", count: 64)]
        let id = try await upload(image.docker())
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await engine().runNext(stop: StopSignal()))
        let failed = try #require(await bench.store.scan(id))
        #expect(failed.status == .failed && failed.reason?.contains("is damaged: it should have the digest") == true)
        #expect(failed.jobs.last?.status == .failed)
        #expect(try await bench.queue.counts(of: .engine).waiting == 0)
    }
}
