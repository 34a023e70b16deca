import CoreTypes
package import Logging
import Scanning
import SystemPackage

/// The engine's job: runs the scanners of a scan's kind, one after the other, and stores what they find.
package struct EngineJob: JobHandler {
    /// More findings than anybody reads; a scan with more ends as partial and says so.
    package static let mostFindings = 100_000
    private static let batch = 200

    private let store: any ResultStore
    private let data: DataFolder
    private let sources: Sources
    private let mostFindings: Int
    private let watch: ScanWatch
    private let logger: Logger

    /// The scanners of a kind of scan; made anew for each job, so that those of one job can share what they read.
    package typealias Sources = @Sendable (ScanKind) -> [any FindingSource]

    package init(
        store: any ResultStore, data: DataFolder, scanner: any FindingSource, mostFindings: Int = Self.mostFindings,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.init(
            store: store, data: data, sources: { _ in [scanner] }, mostFindings: mostFindings, clock: clock,
            logger: logger)
    }

    package init(
        store: any ResultStore, data: DataFolder, sources: @escaping Sources, mostFindings: Int = Self.mostFindings,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.store = store
        self.data = data
        self.sources = sources
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
        let place = place(of: scan, delivery.job)
        guard data.contains(place) else {
            try await store.finish(id, as: .failed(reason: "the unpacked upload is gone; upload it again"))
            data.removeFiles(of: id)
            return .followed(by: Job(scan: id), in: .webhook)
        }
        return try await run(scan.kind, in: place, of: id, interruption)
    }

    /// Runs the scanners of a kind over what an open scan is about, and ends the scan.
    func run(_ kind: ScanKind, in place: FilePath, of id: ScanID, _ interruption: Interruption) async throws
        -> JobOutcome
    {
        var outcomes: [ScanOutcome] = []
        let sources = sources(kind)
        for (number, source) in sources.enumerated() {
            try await store.note(source.name, .running, because: nil, in: id)
            let outcome = try await watch.whileOpen(id, interruption) {
                try await search(place, with: source, of: id, interruption)
            }
            guard let outcome else {
                data.removeFiles(of: id)
                logger.info("The scan was ended while it ran.", metadata: ["scan": "\(id)"])
                return .done
            }
            try await store.note(source.name, outcome.status, because: outcome.reason, in: id)
            outcomes.append(outcome)
            if outcome.status == .failed { break }
            try await store.advance(id, to: 50 + 49 * (number + 1) / sources.count)
        }
        let outcome = ScanOutcome(of: outcomes)
        try await store.finish(id, as: outcome)
        data.removeFiles(of: id)
        logger.info("The scan is finished.", metadata: ["scan": "\(id)", "status": "\(outcome.status)"])
        return .followed(by: Job(scan: id), in: .webhook)
    }

    package var successorOfAbandoned: Topic? { .webhook }

    package func abandon(_ job: Job, because reason: String) async throws {
        if let scan = try await store.scan(job.scan) {
            let ended = Set(scan.jobs.filter { !$0.status.isOpen }.map(\.scanner))
            for source in sources(scan.kind) where !ended.contains(source.name) {
                try await store.note(source.name, .failed, because: reason, in: job.scan)
            }
        }
        try await store.finish(job.scan, as: .failed(reason: "the scanner did not finish: \(reason)"))
        data.removeFiles(of: job.scan)
    }

    /// What a scan's scanners look at: the unpacked upload, or, of an image, the upload itself.
    private func place(of scan: Scan, _ job: Job) -> FilePath {
        switch scan.kind {
        case .container: data.upload(scan.id)
        case .code, .cloud: data.workspace(scan.id).appending(job.payload)
        }
    }

    /// The scanner blocks a thread and its findings come in a callback: batches cross over to the store one at a
    /// time, and the scanner waits, so that memory stays small however much it finds.
    private func search(
        _ place: FilePath, with scanner: any FindingSource, of id: ScanID, _ interruption: Interruption
    ) async throws -> ScanOutcome {
        let handover = Handover<[Finding]>()
        async let scanned = blocking { [mostFindings] in
            defer { handover.finish() }
            var batch: [Finding] = []
            var count = 0
            func flush() throws {
                if !batch.isEmpty, !handover.give(batch) { throw Interrupted() }
                batch = []
            }
            do {
                let found = try scanner.search(
                    place, isCancelled: { interruption.isRequested },
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
