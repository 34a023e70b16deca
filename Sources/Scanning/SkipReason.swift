/// Why a file was not scanned.
package enum SkipReason: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    /// A NUL byte within its first 8 KiB.
    case binary
    /// Text, but in UTF-16.
    case utf16
    /// More than 10 MiB.
    case tooLarge
    case unreadable
    /// A symbolic link; what it points to is scanned where it is, if it is inside.
    case link
    /// A device, pipe or socket.
    case special
    /// Nested deeper than the scanner follows.
    case tooDeep
}
