/// How versions of an ecosystem are ordered. `nil` stands for text that is no version there.
enum VersionOrder: Sendable {
    case dpkg, apk, python, semantic

    /// Whether `a` comes before `b`, is the same or comes after it: -1, 0, 1.
    func compare(_ a: String, _ b: String) -> Int? {
        switch self {
        case .dpkg: DpkgVersion.compare(a, b)
        case .apk: ApkVersion.compare(a, b)
        case .python: ordered(PythonVersion(a), PythonVersion(b))
        case .semantic: ordered(SemanticVersion(a), SemanticVersion(b))
        }
    }

    private func ordered<Version: Comparable>(_ a: Version?, _ b: Version?) -> Int? {
        guard let a, let b else { return nil }
        return a < b ? -1 : b < a ? 1 : 0
    }
}

/// Numbers of any length, as text: without leading zeros the longer one is the larger.
func compareNumbers(_ a: some StringProtocol, _ b: some StringProtocol) -> Int {
    let a = a.drop { $0 == "0" }
    let b = b.drop { $0 == "0" }
    if a.utf8.count != b.utf8.count { return a.utf8.count < b.utf8.count ? -1 : 1 }
    return a == b ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
}
