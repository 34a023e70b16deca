package import Scanning
package import SystemPackage

extension SecretScanner: FindingSource {
    package var name: String { "secrets" }

    package func search(
        _ folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void
    ) throws -> SearchReport {
        Self.report(try scan(folder: folder, isCancelled: isCancelled, report: report))
    }

    static func report(_ summary: ScanSummary) -> SearchReport {
        let totals = ScanTotals(
            files: summary.files, bytes: summary.bytes, skipped: summary.skipped.values.reduce(0, +))
        return SearchReport(totals: totals, gap: gap(in: summary))
    }

    /// Binaries and links are no gap: there is no source text in them. A text that was passed over is one.
    static func gap(in summary: ScanSummary) -> String? {
        var parts: [String] = []
        for reason in SkipReason.allCases {
            guard let count = summary.skipped[reason], count > 0, let words = reason.gap else { continue }
            parts.append("\(count) \(words)")
        }
        if summary.filesCutShort > 0 { parts.append("\(summary.filesCutShort) with more findings than are kept") }
        return parts.isEmpty ? nil : "not every file was scanned to its end: " + parts.joined(separator: ", ")
    }
}

extension SkipReason {
    fileprivate var gap: String? {
        switch self {
        case .binary, .link, .special: nil
        case .utf16: "in UTF-16"
        case .tooLarge: "too large"
        case .unreadable: "unreadable"
        case .tooDeep: "nested too deeply"
        }
    }
}
