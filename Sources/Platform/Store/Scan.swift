package import Scanning

/// One scan of one upload or cloud account, as the store keeps it.
package struct Scan: Sendable, Equatable {
    package let id: ScanID
    package let userID: String
    package let kind: ScanKind
    /// What the uploader called the file; `nil` where nothing was said.
    package let fileName: String?
    package let uploadBytes: Int64
    package let createdAt: Timestamp
    /// Of a cloud scan, and of no other.
    package var target: CloudTarget?
    package var status = ScanStatus.queued
    /// 0 to 100; 100 exactly when the status is final.
    package var progress = 0
    package var reason: String?
    package var totals: ScanTotals?
    package var counts = SeverityCounts()
    /// What each scanner did, in the order of their names.
    package var jobs: [ScannerJob] = []
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?

    package init(
        id: ScanID, userID: String, kind: ScanKind = .code, fileName: String?, uploadBytes: Int64, createdAt: Timestamp
    ) {
        self.id = id
        self.userID = userID
        self.kind = kind
        self.fileName = fileName
        self.uploadBytes = uploadBytes
        self.createdAt = createdAt
    }
}

/// How many findings of each severity there are.
package struct SeverityCounts: Sendable, Equatable {
    private var counts: [Severity: Int] = [:]

    package init(_ counts: [Severity: Int] = [:]) { self.counts = counts.filter { $0.value != 0 } }

    package subscript(severity: Severity) -> Int {
        get { counts[severity] ?? 0 }
        set { counts[severity] = newValue == 0 ? nil : newValue }
    }

    package var total: Int { counts.values.reduce(0, +) }
}
