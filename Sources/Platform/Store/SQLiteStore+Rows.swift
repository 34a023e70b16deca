import FoundationEssentials
import Scanning

extension User {
    /// `nil` for a row that no version of this program wrote.
    init?(_ row: Row) {
        guard let password = PasswordHash(row["password"]), let role = Role(rawValue: row["role"]) else { return nil }
        self.init(
            id: row["id"], name: row["name"], password: password, role: role,
            createdAt: Timestamp(milliseconds: row["created_at"]))
    }
}

extension Scan {
    init?(_ row: Row) {
        guard let id = ScanID(row["scan_id"] as String), let status = ScanStatus(rawValue: row["status"]),
            let kind = ScanKind(rawValue: row["kind"]), let jobs = ScannerJob.list(row["jobs"])
        else { return nil }
        self.init(
            id: id, userID: row["user_id"], kind: kind, fileName: row["file_name"], uploadBytes: row["upload_bytes"],
            createdAt: Timestamp(milliseconds: row["created_at"]))
        target = (row["target"] as String?).flatMap { CloudTarget(text: $0) }
        self.status = status
        progress = row["progress"]
        self.jobs = jobs
        reason = row["reason"]
        if let files: Int = row["files"], let bytes: Int64 = row["bytes"], let skipped: Int = row["skipped"] {
            totals = ScanTotals(files: files, bytes: bytes, skipped: skipped)
        }
        counts = SeverityCounts([
            .info: row["info"], .low: row["low"], .medium: row["medium"], .high: row["high"],
            .critical: row["critical"],
        ])
        startedAt = (row["started_at"] as Int64?).map { Timestamp(milliseconds: $0) }
        finishedAt = (row["finished_at"] as Int64?).map { Timestamp(milliseconds: $0) }
    }
}

extension ScannerJob {
    static func list(_ text: String) -> [ScannerJob]? {
        try? JSONDecoder().decode([ScannerJob].self, from: Data(text.utf8))
    }

    static func text(_ jobs: [ScannerJob]) throws -> String {
        String(decoding: try JSONEncoder().encode(jobs), as: UTF8.self)
    }
}

extension Finding {
    init?(_ row: Row) {
        guard let severity = Severity(rank: row["severity"]) else { return nil }
        self.init(
            fingerprint: row["fingerprint"], rule: row["rule"], title: row["title"], severity: severity,
            path: row["path"], line: row["line"], column: row["column"], excerpt: row["excerpt"])
    }
}

extension Severity {
    private static let inOrder: [Severity] = [.info, .low, .medium, .high, .critical]

    /// The number that sorts it: 0 for info, 4 for critical.
    var rank: Int { Self.inOrder.firstIndex(of: self)! }

    init?(rank: Int) {
        guard Self.inOrder.indices.contains(rank) else { return nil }
        self = Self.inOrder[rank]
    }
}
