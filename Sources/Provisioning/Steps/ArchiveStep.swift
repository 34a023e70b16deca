package import Host
package import SystemPackage

/// A file that is fetched once and known by its digest.
package struct ArchiveStep: Step {
    package let title: String
    private let address: String
    private let sha256: String
    private let path: FilePath
    private let isUnpacked: FilePath
    private let result: FilePath?

    /// Not fetched where `isUnpacked` holds the digest and `result` is there: what is in it has been unpacked.
    package init(
        _ name: String, address: String, sha256: String, path: FilePath, unlessUnpacked isUnpacked: FilePath,
        to result: FilePath? = nil
    ) {
        title = "archive of \(name)"
        self.address = address
        self.sha256 = sha256
        self.path = path
        self.isUnpacked = isUnpacked
        self.result = result
    }

    package func check(_ host: any Host) async throws -> Bool {
        let stamp = try host.files.readIfPresent(isUnpacked, limit: 4096).map { String(decoding: $0, as: UTF8.self) }
        let isThere = try result.map { try host.files.status($0) != nil } ?? true
        return try stamp == sha256 && isThere || host.files.status(path) != nil
    }

    package func plan(_ facts: Bool) -> [Change] {
        facts ? [] : [Change(path.string, "fetch \(address)")]
    }

    /// It has its name only when all of it is there and is what was asked for.
    package func apply(_ change: Change, to host: any Host) async throws {
        let part = path.removingLastComponent().appending("\(path.lastComponent?.string ?? "").candidate")
        try await host.downloads.fetch(address, to: part, sha256: sha256)
        try host.files.rename(part, to: path)
    }
}
