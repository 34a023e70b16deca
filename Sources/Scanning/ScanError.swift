import SystemPackage

/// Why a scan ended before its end.
package enum ScanError: Error, Equatable, Sendable, CustomStringConvertible {
    case cancelled
    case unreadable(folder: String, errno: Int32)

    package var description: String {
        switch self {
        case .cancelled: "the scan was cancelled"
        case .unreadable(let folder, let errno): "\(folder) cannot be read: \(Errno(rawValue: errno))"
        }
    }
}
