extension SQLiteStore {
    package func add(_ key: APIKey) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO api_keys (id, user_id, name, digest, scopes, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.id, key.userID, key.name, key.digest, key.scopes.map(\.rawValue).joined(separator: " "),
                    key.createdAt.milliseconds, key.expiresAt?.milliseconds,
                ])
        }
    }

    package func apiKey(digest: String) async throws -> APIKey? {
        try await read {
            try Row.fetchOne($0, sql: "SELECT * FROM api_keys WHERE digest = ?", arguments: [digest]).map(APIKey.init)
        }
    }

    package func apiKeys(of userID: String) async throws -> [APIKey] {
        try await read {
            try Row.fetchAll(
                $0, sql: "SELECT * FROM api_keys WHERE user_id = ? ORDER BY created_at, id", arguments: [userID]
            ).map(APIKey.init)
        }
    }

    package func endKey(_ id: String, of userID: String, at moment: Timestamp) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql:
                    "UPDATE api_keys SET expires_at = MIN(COALESCE(expires_at, ?1), ?1) WHERE id = ?2 AND user_id = ?3",
                arguments: [moment.milliseconds, id, userID])
            return database.changesCount == 1
        }
    }

    package func removeKey(_ id: String, of userID: String) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM api_keys WHERE id = ? AND user_id = ?", arguments: [id, userID])
            return database.changesCount == 1
        }
    }
}

extension APIKey {
    fileprivate init(_ row: Row) {
        self.init(
            id: row["id"], userID: row["user_id"], name: row["name"], digest: row["digest"],
            scopes: (row["scopes"] as String).split(separator: " ").compactMap { Scope(rawValue: String($0)) },
            createdAt: Timestamp(milliseconds: row["created_at"]),
            expiresAt: (row["expires_at"] as Int64?).map { Timestamp(milliseconds: $0) })
    }
}
