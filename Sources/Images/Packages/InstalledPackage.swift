/// A package that is in an image.
struct InstalledPackage: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable { case dpkg, apk, python, npm }

    let kind: Kind
    let name: String
    let version: String
    /// What it was built from, where that has another name or version: advisories of distributions are about sources.
    let source: String
    let sourceVersion: String

    init?(_ kind: Kind, name: String, version: String, source: String? = nil, sourceVersion: String? = nil) {
        // Names and versions have no blanks, and nobody's are this long.
        func isPlain(_ text: String) -> Bool {
            !text.isEmpty && text.utf8.count <= 256 && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        }
        let source = source ?? name
        let sourceVersion = sourceVersion ?? version
        guard [name, version, source, sourceVersion].allSatisfy(isPlain) else { return nil }
        self.kind = kind
        self.name = name
        self.version = version
        self.source = source
        self.sourceVersion = sourceVersion
    }
}
