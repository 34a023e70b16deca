import Archives
import Images
import Logging

/// The worker's part in a scan of an image: its archive is held against its digests, and stays packed for the engine.
struct ImageIntake: Sendable {
    /// Among a scan's scanners: its reason says what image it is.
    static let name = "image"

    let store: any ResultStore
    let data: DataFolder
    let logger: Logger

    func handle(_ id: ScanID, _ interruption: Interruption) async throws -> JobOutcome {
        try await store.note(Self.name, .running, because: nil, in: id)
        let archive = data.upload(id)
        do {
            let image = try await blocking { try ImageArchive(archive, isCancelled: { interruption.isRequested }) }
            try await store.note(Self.name, .completed, because: image.summary, in: id)
            logger.info("The image is taken in.", metadata: ["scan": "\(id)"])
        } catch let error as ImageError {
            let reason = "the image cannot be scanned: \(error)"
            try await store.note(Self.name, .failed, because: reason, in: id)
            try await store.finish(id, as: .failed(reason: reason))
            data.removeFiles(of: id)
            return .followed(by: Job(scan: id), in: .webhook)
        } catch {
            if interruption.isRequested { throw Interrupted() }
            throw error
        }
        try await store.advance(id, to: 30)
        return .followed(by: Job(scan: id), in: .engine)
    }
}
