/// Where a scan is. The last four are final: nothing leaves them.
package enum ScanStatus: String, Sendable, CaseIterable, Codable {
    case queued, running, completed, partial, failed, cancelled

    package var isOpen: Bool { self == .queued || self == .running }
}

/// How a scan ended, with what is known about it then.
package enum ScanOutcome: Sendable, Equatable {
    case completed(ScanTotals)
    /// Some of it could not be scanned, or not everything was kept; the reason is a sentence.
    case partial(ScanTotals?, reason: String)
    case failed(reason: String)
    case cancelled(reason: String)

    package var status: ScanStatus {
        switch self {
        case .completed: .completed
        case .partial: .partial
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    package var reason: String? {
        switch self {
        case .completed: nil
        case .partial(_, let reason), .failed(let reason), .cancelled(let reason): reason
        }
    }

    package var totals: ScanTotals? {
        switch self {
        case .completed(let totals): totals
        case .partial(let totals, _): totals
        case .failed, .cancelled: nil
        }
    }
}

/// What a scanner went through.
package struct ScanTotals: Sendable, Equatable {
    package let files: Int
    package let bytes: Int64
    package let skipped: Int

    package init(files: Int, bytes: Int64, skipped: Int) {
        self.files = files
        self.bytes = bytes
        self.skipped = skipped
    }
}
