import Scanning
import SystemPackage
import Testing

@testable import Platform

extension Bench {
    /// An image that a new administrator has uploaded, and their access token.
    func uploadedImage(_ bytes: [UInt8]) async throws -> (id: ScanID, token: String) {
        let (_, token) = try await setUp()
        let reply = try await api {
            try await $0.upload(bytes, type: "application/x-tar", uri: "/api/containers/upload-scan", token: token)
        }
        #expect(reply.status == 202)
        return (try #require(ScanID(reply.string("scan_id"))), token)
    }

    /// The scanners of images, without advisories.
    func imageSources() throws -> ImageSources {
        ImageSources(secrets: SecretScanner(rules: try RuleSet.bundled()), advisories: nil, time: time.clock)
    }

    /// As the engine takes its jobs; `adjust` may put other scanners in the place of some.
    func imageEngine(adjust: @escaping @Sendable ([any FindingSource]) -> [any FindingSource] = { $0 }) throws
        -> JobConsumer
    {
        let images = try imageSources()
        return JobConsumer(
            queue: queue, topic: .engine, name: "engine",
            handler: EngineJob(
                store: store, data: data, sources: { _ in adjust(images.make()) }, clock: clock, logger: .silent),
            clock: clock, logger: .silent)
    }
}
