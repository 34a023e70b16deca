extension MongoStore {
    package func add(_ key: APIKey) async throws {
        try await insert(MongoLayout.keys, key.document)
    }

    package func apiKey(digest: String) async throws -> APIKey? {
        try await first(MongoLayout.keys, ["digest": .text(digest)]).flatMap(APIKey.init)
    }

    package func apiKeys(of userID: String) async throws -> [APIKey] {
        try await find(
            MongoLayout.keys, ["user_id": .text(userID)], sort: ["created_at": 1, "id": 1], limit: 1000
        ).compactMap(APIKey.init)
    }

    package func endKey(_ id: String, of userID: String, at moment: Timestamp) async throws -> Bool {
        // `$min` sets what is missing: a key without an end gets one, and an earlier end stays.
        try await update(
            MongoLayout.keys, ["id": .text(id), "user_id": .text(userID)], ["$min": ["expires_at": .date(moment)]]) == 1
    }

    package func removeKey(_ id: String, of userID: String) async throws -> Bool {
        try await delete(MongoLayout.keys, ["id": .text(id), "user_id": .text(userID)]) == 1
    }
}

extension APIKey {
    fileprivate init?(_ document: BSONDocument) {
        guard let id = document["id"]?.text, let user = document["user_id"]?.text, let name = document["name"]?.text,
            let digest = document["digest"]?.text, let scopes = document["scopes"]?.array,
            let created = document["created_at"]?.date
        else { return nil }
        self.init(
            id: id, userID: user, name: name, digest: digest,
            scopes: scopes.compactMap { $0.text.flatMap { Scope(rawValue: $0) } }, createdAt: created,
            expiresAt: document["expires_at"]?.date)
    }

    fileprivate var document: BSONDocument {
        var document: BSONDocument = [
            "id": .text(id), "user_id": .text(userID), "name": .text(name), "digest": .text(digest),
            "scopes": .array(scopes.map { .text($0.rawValue) }), "created_at": .date(createdAt),
        ]
        document["expires_at"] = expiresAt.map { .date($0) }
        return document
    }
}
