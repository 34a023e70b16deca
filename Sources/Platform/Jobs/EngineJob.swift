import CoreTypes
package import Logging
import Scanning
import SystemPackage

/// The engine's job: runs the secrets scanner over the workspace and stores what it finds.
package struct EngineJob: JobHandler {
    /// More findings than anybody reads; a scan with more ends as partial and says so.
    package static let mostFindings = 100_000
    private static let batch = 200

    private let store: any ResultStore
    private let data: DataFolder
    private let scanner: any FindingSource
    private let mostFindings: Int
    private let watch: ScanWatch
    private let logger: Logger

    package init(
        store: any ResultStore, data: DataFolder, scanner: any FindingSource, mostFindings: Int = Self.mostFindings,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.store = store
        self.data = data
        self.scanner = scanner
        self.mostFindings = mostFindings
        watch = ScanWatch(store: store, clock: clock)
        self.logger = logger
    }

    package func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome {
        let id = delivery.job.scan
        guard let scan = try await store.scan(id), scan.status.isOpen else {
            data.removeFiles(of: id)
            // Whoever was here before may have been killed between the end of the scan and the end of the job.
            return .followed(by: Job(scan: id), in: .webhook)
        }
        try await store.advance(id, to: 50)
        let folder = data.workspace(id).appending(delivery.job.payload)
        guard data.contains(folder) else {
            try await store.finish(id, as: .failed(reason: "the unpacked upload is gone; upload it again"))
            data.removeFiles(of: id)
            return .followed(by: Job(scan: id), in: .webhook)
        }
        return try await run(in: folder, of: id, interruption)
    }

    /// Runs the scanner over an open scan's folder, and ends the scan.
    func run(in folder: FilePath, of id: ScanID, _ interruption: Interruption) async throws -> JobOutcome {
        try await store.note(scanner.name, .running, because: nil, in: id)
        let outcome = try await watch.whileOpen(id, interruption) { try await search(folder, of: id, interruption) }
        guard let outcome else {
            data.removeFiles(of: id)
            logger.info("The scan was ended while it ran.", metadata: ["scan": "\(id)"])
            return .done
        }
        try await store.note(scanner.name, outcome.status, because: outcome.reason, in: id)
        try await store.finish(id, as: outcome)
        data.removeFiles(of: id)
        logger.info("The scan is finished.", metadata: ["scan": "\(id)", "status": "\(outcome.status)"])
        return .followed(by: Job(scan: id), in: .webhook)
    }

    package var successorOfAbandoned: Topic? { .webhook }

    package func abandon(_ job: Job, because reason: String) async throws {
        try await store.note(scanner.name, .failed, because: reason, in: job.scan)
        try await store.finish(job.scan, as: .failed(reason: "the scanner did not finish: \(reason)"))
        data.removeFiles(of: job.scan)
    }

    /// The scanner blocks a thread and its findings come in a callback: batches cross over to the store one at a
    /// time, and the scanner waits, so that memory stays small however much it finds.
    private func search(_ folder: FilePath, of id: ScanID, _ interruption: Interruption) async throws -> ScanOutcome {
        let handover = Handover<[Finding]>()
        async let scanned = blocking { [scanner, mostFindings] in
            defer { handover.finish() }
            var batch: [Finding] = []
            var count = 0
            func flush() throws {
                if !batch.isEmpty, !handover.give(batch) { throw Interrupted() }
                batch = []
            }
            do {
                let found = try scanner.search(
                    folder, isCancelled: { interruption.isRequested },
                    report: { finding in
                        guard count < mostFindings else { throw TooManyFindings() }
                        count += 1
                        batch.append(finding)
                        if batch.count == Self.batch { try flush() }
                    })
                guard !interruption.isRequested else { throw Interrupted() }
                try flush()
                return found.outcome
            } catch is TooManyFindings {
                try flush()
                return ScanOutcome.partial(nil, reason: "more than \(mostFindings) findings: the scan stopped there")
            } catch let failure as ScannerFailure {
                try flush()
                return ScanOutcome.failed(reason: failure.because)
            }
        }
        do {
            while let batch = await handover.take() {
                try await store.add(batch, to: id)
                handover.confirm()
            }
            // The batches also end when this task is cancelled, and then the scanner still waits for an answer.
            handover.refuse()
        } catch {
            handover.refuse()
            interruption.request()
            _ = try? await scanned
            throw error
        }
        do { return try await scanned } catch  where interruption.isRequested { throw Interrupted() }
    }

    private struct TooManyFindings: Error {}
}
