package import Scanning

/// Which scans of a list are wanted; what is `nil` does not matter.
package struct ScanFilter: Sendable, Equatable {
    package var kind: ScanKind?
    package var status: ScanStatus?
    /// Scans that have at least one finding of this severity.
    package var severity: Severity?
    package var createdSince: Timestamp?
    package var createdBefore: Timestamp?

    package init() {}
}
