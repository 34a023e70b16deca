import Archives
import CoreTypes
package import Logging
import SystemPackage

/// The worker's job: unpacks the upload into a workspace and hands that to the engine.
package struct UnpackJob: JobHandler {
    private let store: any ResultStore
    private let data: DataFolder
    private let limits: UnpackLimits
    private let watch: ScanWatch
    private let logger: Logger

    package init(store: any ResultStore, data: DataFolder, clock: any Clock<Duration>, logger: Logger) {
        self.store = store
        self.data = data
        self.limits = .upload
        watch = ScanWatch(store: store, clock: clock)
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
        let outcome = try await watch.whileOpen(id, interruption) {
            if scan.kind == .container {
                return try await ImageIntake(store: store, data: data, logger: logger).handle(id, interruption)
            }
            return try await unpack(delivery, interruption)
        }
        if let outcome { return outcome }
        data.removeFiles(of: id)
        logger.info("The scan was ended while its upload was looked at.", metadata: ["scan": "\(id)"])
        return .done
    }

    private func unpack(_ delivery: Delivery, _ interruption: Interruption) async throws -> JobOutcome {
        let id = delivery.job.scan
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
