import Archives
import CoreTypes
package import Logging
import SystemPackage

/// The worker's job: unpacks the upload into a workspace and hands that to the engine.
package struct UnpackJob: JobHandler {
    private let store: any ResultStore
    private let data: DataFolder
    private let limits: UnpackLimits
    private let logger: Logger

    package init(store: any ResultStore, data: DataFolder, logger: Logger) {
        self.store = store
        self.data = data
        self.limits = .upload
        self.logger = logger
    }

    package func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome {
        let id = delivery.job.scan
        guard let scan = try await store.scan(id), scan.status.isOpen else {
            data.removeFiles(of: id)
            return .followed(by: Job(scan: id), in: .webhook)
        }
        try await store.advance(id, to: 10)
        // Nothing came with it that is to be unpacked.
        if scan.kind == .cloud { return .followed(by: Job(scan: id), in: .cloud) }
        if scan.kind == .container {
            let intake = ImageIntake(store: store, data: data, logger: logger)
            return try await intake.handle(id, interruption)
        }
        // One folder a delivery: a consumer that lost its lease cannot write into what the engine reads.
        let workspace = data.workspace(id).appending(delivery.receipt)
        let archive = data.upload(id)
        let limits = limits
        do {
            let summary = try await blocking {
                data.removeTree(data.workspace(id))
                try data.createTree(data.workspace(id))
                return try unpackArchive(
                    archive, into: workspace, limits: limits, isCancelled: { interruption.isRequested })
            }
            logger.info("The upload is unpacked.", metadata: ["scan": "\(id)", "files": "\(summary.files)"])
        } catch let error as ArchiveError {
            data.removeTree(workspace)
            if interruption.isRequested { throw Interrupted() }
            // The machine's trouble is not the archive's: that is tried again.
            if error.isOfMachine { throw error }
            try await store.finish(id, as: .failed(reason: "the upload cannot be unpacked: \(error)"))
            data.removeFiles(of: id)
            return .followed(by: Job(scan: id), in: .webhook)
        }
        try await store.advance(id, to: 30)
        return .followed(by: Job(scan: id, payload: delivery.receipt), in: .engine)
    }

    package var successorOfAbandoned: Topic? { .webhook }

    package func abandon(_ job: Job, because reason: String) async throws {
        try await store.finish(job.scan, as: .failed(reason: "the upload could not be unpacked: \(reason)"))
        data.removeFiles(of: job.scan)
    }
}
