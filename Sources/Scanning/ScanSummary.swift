/// What a scan looked at and what it passed over.
package struct ScanSummary: Sendable, Equatable, Codable {
    /// Files whose content was looked at.
    package var files = 0
    package var bytes: Int64 = 0
    package var findings = 0
    /// Why files were passed over, and how many for each reason: silence about them is not a clean result.
    package var skipped: [SkipReason: Int] = [:]
    /// Files with more findings than are reported for one file.
    package var filesCutShort = 0

    package init() {}

    mutating func skip(_ reason: SkipReason) { skipped[reason, default: 0] += 1 }
}
