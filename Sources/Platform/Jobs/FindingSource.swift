package import Scanning
package import SystemPackage

/// What the engine runs over a folder. It blocks its thread; findings come as they are found.
package protocol FindingSource: Sendable {
    /// Names it among a scan's scanners.
    var name: String { get }

    func search(
        _ folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void
    ) throws -> SearchReport
}

/// A scanner could not do its work, and trying again would not help; a sentence for the user.
package struct ScannerFailure: Error {
    package let because: String

    package init(because: String) { self.because = because }
}

/// What was looked at, and what was not although it should have been.
package struct SearchReport: Sendable, Equatable {
    package let totals: ScanTotals
    /// A sentence for the user; `nil` when nothing is missing.
    package let gap: String?

    package init(totals: ScanTotals, gap: String?) {
        self.totals = totals
        self.gap = gap
    }

    var outcome: ScanOutcome { gap.map { .partial(totals, reason: $0) } ?? .completed(totals) }
}

extension ScanOutcome {
    /// What the scanners' outcomes make of the scan. The last one has looked at everything there is.
    init(of outcomes: [ScanOutcome]) {
        if let failed = outcomes.first(where: { $0.status == .failed }) {
            self = failed
            return
        }
        var reasons: [String] = []
        for case .partial(_, let reason) in outcomes where !reasons.contains(reason) { reasons.append(reason) }
        let totals = outcomes.last?.totals
        guard reasons.isEmpty, let totals else {
            self = .partial(totals, reason: reasons.joined(separator: "; "))
            return
        }
        self = .completed(totals)
    }
}
