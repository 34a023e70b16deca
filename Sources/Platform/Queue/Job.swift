/// What a job is about: the queue keeps one job of a topic for a scan, however often it is added.
package struct Job: Sendable, Equatable {
    package let scan: ScanID
    /// What the next program must know beyond the scan; the engine's is the folder to scan.
    package let payload: String

    package init(scan: ScanID, payload: String = "") {
        self.scan = scan
        self.payload = payload
    }
}

/// Who the job is for.
package enum Topic: String, Sendable, CaseIterable {
    /// Uploads to unpack, for the workers.
    case scan
    /// Folders to scan, for the engine.
    case engine
    /// Cloud accounts to look at, for the engine.
    case cloud
    /// Scans that ended, for their webhooks.
    case webhook
}

/// A job that somebody holds for a while: whoever holds the receipt may extend, acknowledge or return it.
package struct Delivery: Sendable, Equatable {
    package let job: Job
    package let topic: Topic
    /// Which try this is; the first is 1.
    package let attempt: Int
    /// Of this delivery only: after the lease is lost, the receipt opens nothing.
    package let receipt: String

    package init(job: Job, topic: Topic, attempt: Int, receipt: String) {
        self.job = job
        self.topic = topic
        self.attempt = attempt
        self.receipt = receipt
    }
}
