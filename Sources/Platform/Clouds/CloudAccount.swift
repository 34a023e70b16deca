/// Whose clouds can be scanned.
package enum CloudProvider: String, Sendable, Codable, CaseIterable { case aws }

/// An account with a cloud provider, as the store keeps it: its credentials are sealed.
package struct CloudAccount: Sendable, Equatable {
    package let id: String
    package let userID: String
    /// What its owner calls it; unique among the owner's.
    package let name: String
    package let provider: CloudProvider
    /// Where to look; never empty.
    package let regions: [String]
    /// The last four characters of the key's id: enough to tell keys apart.
    package let keyEnding: String
    /// What `CloudVault` made of the credentials.
    package let sealed: String
    package let createdAt: Timestamp

    package init(
        id: String, userID: String, name: String, provider: CloudProvider, regions: [String], keyEnding: String,
        sealed: String, createdAt: Timestamp
    ) {
        self.id = id
        self.userID = userID
        self.name = name
        self.provider = provider
        self.regions = regions
        self.keyEnding = keyEnding
        self.sealed = sealed
        self.createdAt = createdAt
    }
}

/// What a cloud scan looks at.
package struct CloudTarget: Sendable, Equatable, Codable {
    /// The account's id.
    package let account: String
    /// As it was called when the scan was made.
    package let name: String
    /// As the scanner names them; empty: all that it knows.
    package let services: [String]

    package init(account: String, name: String, services: [String]) {
        self.account = account
        self.name = name
        self.services = services
    }
}
