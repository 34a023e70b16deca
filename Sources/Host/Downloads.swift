package import SystemPackage

/// What is fetched from elsewhere, by `https:`, `http:` or `file:` address, the way apt fetches (its proxies included).
package protocol Downloads: Sendable {
    /// The content at an address; refuses more than `limit` bytes. Leaves nothing on the machine.
    func read(_ address: String, limit: Int) async throws -> [UInt8]
    /// Brings a file to a path, whole or not at all. `sha256`: what its digest must be, as 64 hexadecimal digits.
    func fetch(_ address: String, to path: FilePath, sha256: String) async throws
    /// The same, telling each line of what is said of it as it comes.
    func fetch(
        _ address: String, to path: FilePath, sha256: String, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws
}

extension Downloads {
    /// Nothing is said.
    package func fetch(
        _ address: String, to path: FilePath, sha256: String, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws { try await fetch(address, to: path, sha256: sha256) }
}
