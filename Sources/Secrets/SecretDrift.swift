package import Host
package import SystemPackage

/// A path of the secret store whose mode or owner is not what it must be.
package struct SecretDrift: Hashable, Sendable, CustomStringConvertible {
    package let path: FilePath
    package let mode: FilePermissions
    package let wantedMode: FilePermissions
    package let owner: Owner
    /// `nil`: any owner.
    package let wantedOwner: Owner?

    package var description: String {
        var parts: [String] = []
        if mode != wantedMode { parts.append("has mode \(octal(mode)) instead of \(octal(wantedMode))") }
        if let wantedOwner, wantedOwner != owner {
            parts.append(
                "belongs to \(owner.user):\(owner.group) instead of \(wantedOwner.user):\(wantedOwner.group)")
        }
        return "\(path) " + parts.joined(separator: " and ")
    }

    private func octal(_ mode: FilePermissions) -> String { "0" + String(mode.rawValue, radix: 8) }
}
