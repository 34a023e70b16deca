import Scanning

/// Some entries, and the cursor of the next page where there is one.
struct PageView<Item: Encodable>: Encodable {
    let items: [Item]
    let next: String?

    enum CodingKeys: CodingKey { case items, next }

    /// `next` is always there, `null` at the end: a client need not ask whether the key exists.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(next, forKey: .next)
    }
}

/// All entries of a list that is never long.
struct ListView<Item: Encodable>: Encodable {
    let items: [Item]
}

/// A scan as clients see it.
struct ScanView: Encodable {
    let scanId: ScanID
    let kind: ScanKind
    let status: ScanStatus
    let progress: Int
    let reason: String?
    let fileName: String?
    let uploadBytes: Int64
    let cloud: CloudTarget?
    let counts: [String: Int]
    let findings: Int
    let files: Int?
    let bytes: Int64?
    let filesSkipped: Int?
    let createdAt: Timestamp
    let startedAt: Timestamp?
    let finishedAt: Timestamp?
    let jobs: [ScannerJobView]

    init(_ scan: Scan) {
        scanId = scan.id
        kind = scan.kind
        status = scan.status
        progress = scan.progress
        reason = scan.reason
        fileName = scan.fileName
        uploadBytes = scan.uploadBytes
        cloud = scan.target
        counts = Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0.rawValue, scan.counts[$0]) })
        findings = scan.counts.total
        files = scan.totals?.files
        bytes = scan.totals?.bytes
        filesSkipped = scan.totals?.skipped
        createdAt = scan.createdAt
        startedAt = scan.startedAt
        finishedAt = scan.finishedAt
        jobs = scan.jobs.map { ScannerJobView($0, of: scan) }
    }
}

/// What one scanner did for a scan, as clients see it.
struct ScannerJobView: Encodable {
    let scanner: String
    let status: ScanStatus
    let reason: String?
    let startedAt: Timestamp?
    let finishedAt: Timestamp?

    init(_ job: ScannerJob, of scan: Scan) {
        scanner = job.scanner
        // Whoever ended the scan did not wait for its scanners.
        status = job.status.isOpen && !scan.status.isOpen ? scan.status : job.status
        reason = job.reason
        startedAt = job.startedAt.map { Timestamp(milliseconds: $0) }
        finishedAt = job.finishedAt.map { Timestamp(milliseconds: $0) }
    }
}
