/// A distribution that we install on.
package enum Distribution: String, Sendable, CaseIterable {
    case debian12 = "debian-12"
    case ubuntu2404 = "ubuntu-24-04"

    /// `nil` for every other one. `release`: the pairs of os-release(5).
    package init?(_ release: [String: String]) {
        switch (release["ID"], release["VERSION_ID"]) {
        case ("debian", "12"): self = .debian12
        case ("ubuntu", "24.04"): self = .ubuntu2404
        default: return nil
        }
    }

    package static let supported = "Ubuntu 24.04 and Debian 12"

    /// The series of Python in its own archive.
    var python: String {
        switch self {
        case .debian12: "3.11"
        case .ubuntu2404: "3.12"
        }
    }
}
