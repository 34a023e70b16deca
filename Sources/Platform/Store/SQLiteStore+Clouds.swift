import FoundationEssentials

extension SQLiteStore {
    package func add(_ account: CloudAccount) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO cloud_accounts (id, user_id, name, provider, regions, key_ending, sealed, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    account.id, account.userID, account.name, account.provider.rawValue,
                    account.regions.joined(separator: " "), account.keyEnding, account.sealed,
                    account.createdAt.milliseconds,
                ])
            return database.changesCount == 1
        }
    }

    package func cloudAccounts(of userID: String) async throws -> [CloudAccount] {
        try await read {
            try Row.fetchAll(
                $0, sql: "SELECT * FROM cloud_accounts WHERE user_id = ? ORDER BY created_at, id", arguments: [userID]
            ).compactMap(CloudAccount.init)
        }
    }

    package func cloudAccount(_ id: String, of userID: String) async throws -> CloudAccount? {
        try await read {
            try Row.fetchOne(
                $0, sql: "SELECT * FROM cloud_accounts WHERE id = ? AND user_id = ?", arguments: [id, userID]
            ).flatMap(CloudAccount.init)
        }
    }

    package func removeCloudAccount(_ id: String, of userID: String) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM cloud_accounts WHERE id = ? AND user_id = ?", arguments: [id, userID])
            return database.changesCount == 1
        }
    }
}

extension CloudAccount {
    /// `nil` for a row that no version of this program wrote.
    fileprivate init?(_ row: Row) {
        guard let provider = CloudProvider(rawValue: row["provider"]) else { return nil }
        self.init(
            id: row["id"], userID: row["user_id"], name: row["name"], provider: provider,
            regions: (row["regions"] as String).split(separator: " ").map(String.init), keyEnding: row["key_ending"],
            sealed: row["sealed"], createdAt: Timestamp(milliseconds: row["created_at"]))
    }
}

extension CloudTarget {
    /// As the embedded store keeps it in a scan's row.
    init?(text: String) {
        guard let target = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = target
    }

    func text() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
}
