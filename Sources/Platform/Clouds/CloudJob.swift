package import Logging
import SystemPackage

/// The engine's job for a cloud scan: opens the account's credentials, and lets Prowler look.
///
/// It has a topic and a consumer of its own, because it may take an hour and the code that is uploaded meanwhile should
/// not wait for it.
package struct CloudJob: JobHandler {
    private let store: any ResultStore
    private let data: DataFolder
    /// `nil`: this engine was started without.
    private let prowler: Prowler?
    private let vault: CloudVault?
    private let clock: any Clock<Duration>
    private let logger: Logger

    package init(
        store: any ResultStore, data: DataFolder, prowler: Prowler?, vault: CloudVault?, clock: any Clock<Duration>,
        logger: Logger
    ) {
        self.store = store
        self.data = data
        self.prowler = prowler
        self.vault = vault
        self.clock = clock
        self.logger = logger
    }

    package func handle(_ delivery: Delivery, interruption: Interruption) async throws -> JobOutcome {
        let id = delivery.job.scan
        // Whatever ends it: also what a killed engine left.
        removeFiles(of: id)
        defer { removeFiles(of: id) }
        guard let scan = try await store.scan(id), scan.status.isOpen else {
            return .followed(by: Job(scan: id), in: .webhook)
        }
        let scanner: ProwlerScanner
        do { scanner = try await self.scanner(of: scan) } catch let failure as ScannerFailure {
            try await store.note("prowler", .failed, because: failure.because, in: id)
            try await store.finish(id, as: .failed(reason: failure.because))
            return .followed(by: Job(scan: id), in: .webhook)
        }
        try await store.advance(id, to: 20)
        // One folder a delivery: a consumer that lost its lease writes into none that another one reads.
        try data.createTree(root(of: id))
        return try await EngineJob(store: store, data: data, scanner: scanner, clock: clock, logger: logger).run(
            .cloud, in: root(of: id).appending(delivery.receipt), of: id, interruption)
    }

    package var successorOfAbandoned: Topic? { .webhook }

    package func abandon(_ job: Job, because reason: String) async throws {
        try await store.note("prowler", .failed, because: reason, in: job.scan)
        try await store.finish(job.scan, as: .failed(reason: "the cloud scan did not finish: \(reason)"))
        removeFiles(of: job.scan)
    }

    private func scanner(of scan: Scan) async throws -> ProwlerScanner {
        guard let prowler, prowler.isInstalled else { throw ScannerFailure(because: Prowler.missing) }
        guard let vault else { throw ScannerFailure(because: CloudVault.missing) }
        guard let target = scan.target, let account = try await store.cloudAccount(target.account, of: scan.userID)
        else { throw ScannerFailure(because: "the cloud account was removed; add it and scan again") }
        do throws(CloudVault.Unopened) {
            return ProwlerScanner(
                prowler: prowler, target: target, regions: account.regions, credentials: try vault.open(account),
                clock: clock)
        } catch { throw ScannerFailure(because: error.because) }
    }

    private func root(of id: ScanID) -> FilePath { prowler?.output?.appending(id.description) ?? data.workspace(id) }

    private func removeFiles(of id: ScanID) {
        data.removeFiles(of: id)
        data.removeTree(root(of: id))
    }
}
