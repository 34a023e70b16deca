import CoreTypes
package import Host
package import SystemPackage

/// The key that may sign a repository: fetched, and taken only if it is the one that is pinned and has not expired.
package struct KeyStep: Step {
    package static let limit = 1 << 20

    package let title: String
    private let name: String
    private let address: String
    private let fingerprint: String
    private let path: FilePath

    package init(_ name: String, address: String, fingerprint: String, path: FilePath) {
        title = "key of \(name)"
        self.name = name
        self.address = address
        self.fingerprint = fingerprint
        self.path = path
    }

    /// Whether the right key is in place.
    package func check(_ host: any Host) async throws -> Bool {
        guard let bytes = try host.files.readIfPresent(path, limit: Self.limit) else { return false }
        return Self.fault(bytes, fingerprint: fingerprint, now: host.wallTime()) == nil
    }

    package func plan(_ facts: Bool) -> [Change] {
        facts ? [] : [Change(path.string, "take the key \(fingerprint) from \(address)")]
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let bytes = try await host.downloads.read(address, limit: Self.limit)
        if let fault = Self.fault(bytes, fingerprint: fingerprint, now: host.wallTime()) {
            throw OperatorError(
                doing: "trust the repository of \(name)", because: "the key at \(address) \(fault)",
                next: "compare with what \(name) publishes; a new key is named by upstreams.\(name).fingerprint")
        }
        // apt tells armored keys by the name of the file; without armor there is one name for all.
        try host.files.replace(
            path, with: OpenPGPKey.packets(in: bytes), mode: [.ownerReadWrite, .groupRead, .otherRead], owner: nil)
    }

    /// What is wrong with a key file, completing "the key …"; `nil`: nothing. `now` in milliseconds since 1970.
    static func fault(_ bytes: [UInt8], fingerprint: String, now: Int64) -> String? {
        guard let keys = OpenPGPKey.all(in: bytes) else { return "is no OpenPGP key" }
        guard keys.count == 1, let key = keys.first else { return "is not one key but \(keys.count)" }
        guard key.fingerprint == fingerprint else { return "is \(key.fingerprint), and \(fingerprint) is expected" }
        guard let expires = key.expires, expires * 1000 <= now else { return nil }
        return "has expired"
    }
}
