/// What one scanner did for a scan.
package struct ScannerJob: Sendable, Equatable, Codable {
    /// As its descriptor names it: letters, digits and `-`.
    package let scanner: String
    package var status: ScanStatus
    /// A sentence where it failed or is partial; of an image that was taken in, what image it is.
    package var reason: String?
    package var startedAt: Int64?
    package var finishedAt: Int64?

    package init(scanner: String) {
        self.scanner = scanner
        status = .queued
    }

    /// The same a moment later; times are set by what happened.
    mutating func became(_ status: ScanStatus, because reason: String?, at moment: Timestamp) {
        self.status = status
        self.reason = reason
        if startedAt == nil, status != .queued { startedAt = moment.milliseconds }
        finishedAt = status.isOpen ? nil : moment.milliseconds
    }
}

/// What is scanned.
package enum ScanKind: String, Sendable, Codable, CaseIterable { case code, container, cloud }
