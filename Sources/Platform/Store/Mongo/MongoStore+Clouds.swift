extension MongoStore {
    private static let database = MongoLayout.database(of: .cloud)

    package func add(_ account: CloudAccount) async throws -> Bool {
        // The user's account of that name, unless there is one: two at once meet at the unique index.
        let change: BSON = [
            "q": ["user_id": .text(account.userID), "name": .text(account.name)],
            "u": ["$setOnInsert": .document(account.document)], "upsert": true,
        ]
        return try await translating {
            try await layout.ensure()
            let reply = try await client.run(
                durable(["update": .text(MongoLayout.accounts), "updates": [change]]), in: Self.database,
                tolerating: 11000)
            return reply["upserted"]?.array?.isEmpty == false
        }
    }

    package func cloudAccounts(of userID: String) async throws -> [CloudAccount] {
        try await find(
            MongoLayout.accounts, ["user_id": .text(userID)], sort: ["created_at": 1, "id": 1], limit: 1000,
            in: Self.database
        ).compactMap(CloudAccount.init)
    }

    package func cloudAccount(_ id: String, of userID: String) async throws -> CloudAccount? {
        try await first(MongoLayout.accounts, ["id": .text(id), "user_id": .text(userID)], in: Self.database)
            .flatMap(CloudAccount.init)
    }

    package func removeCloudAccount(_ id: String, of userID: String) async throws -> Bool {
        try await delete(MongoLayout.accounts, ["id": .text(id), "user_id": .text(userID)], in: Self.database) == 1
    }
}

extension CloudAccount {
    fileprivate init?(_ document: BSONDocument) {
        guard let id = document["id"]?.text, let user = document["user_id"]?.text, let name = document["name"]?.text,
            let provider = document["provider"]?.text.flatMap({ CloudProvider(rawValue: $0) }),
            let regions = document["regions"]?.array, let ending = document["key_ending"]?.text,
            let sealed = document["sealed"]?.text, let created = document["created_at"]?.date
        else { return nil }
        self.init(
            id: id, userID: user, name: name, provider: provider, regions: regions.compactMap(\.text),
            keyEnding: ending, sealed: sealed, createdAt: created)
    }

    /// Without what finds it: user and name.
    fileprivate var document: BSONDocument {
        [
            "id": .text(id), "provider": .text(provider.rawValue), "regions": .array(regions.map { .text($0) }),
            "key_ending": .text(keyEnding), "sealed": .text(sealed), "created_at": .date(createdAt),
        ]
    }
}

extension CloudTarget {
    init?(_ document: BSONDocument) {
        guard let account = document["account"]?.text, let name = document["name"]?.text else { return nil }
        self.init(
            account: account, name: name, services: document["services"]?.array?.compactMap(\.text) ?? [])
    }

    var document: BSONDocument {
        ["account": .text(account), "name": .text(name), "services": .array(services.map { .text($0) })]
    }
}
