/// What a file's name says about how to read it.
struct FileName {
    /// The extension in lower case; a dot file's name without its dot: `env`, `npmrc`; else the whole name.
    let kind: String
    /// Written by a package manager, full of hashes.
    let isLockFile: Bool

    init(_ name: some StringProtocol) {
        let lowered = name.lowercased()
        if lowered.hasPrefix(".env") {
            kind = "env"
        } else {
            kind = lowered.split(separator: ".").last.map(String.init) ?? ""
        }
        isLockFile = Self.lockFiles.contains(lowered) || lowered.hasSuffix(".lock")
    }

    private static let lockFiles: Set<String> = [
        "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum", "package.resolved",
    ]
}
