/// The few commands that everything is made of; each first makes sure of the indexes.
extension MongoStore {
    func first(_ collection: String, _ filter: BSONDocument, in database: String = MongoLayout.code) async throws
        -> BSONDocument?
    {
        try await find(collection, filter, sort: [:], limit: 1, in: database).first
    }

    func find(
        _ collection: String, _ filter: BSONDocument, sort: BSONDocument, limit: Int,
        in database: String = MongoLayout.code
    ) async throws -> [BSONDocument] {
        var command: BSONDocument = ["find": .text(collection), "filter": .document(filter)]
        if !sort.fields.isEmpty { command["sort"] = .document(sort) }
        command["limit"] = .int(Int64(limit))
        // One batch and no cursor left behind: what is asked for is never more than a page.
        command["batchSize"] = .int(Int64(limit))
        command["singleBatch"] = true
        return try await translating {
            try await layout.ensure()
            return try await client.read(command, in: database).firstBatch
        }
    }

    func insert(_ collection: String, _ document: BSONDocument, in database: String = MongoLayout.code) async throws {
        try await translating {
            try await layout.ensure()
            _ = try await client.run(
                durable(["insert": .text(collection), "documents": [.document(document)]]), in: database)
        }
    }

    /// Whether it was done; `false` where a document of that `_id` is there and the rest of the filter does not fit.
    func upsert(_ collection: String, _ filter: BSONDocument, _ change: BSONDocument) async throws -> Bool {
        let change: BSON = ["q": .document(filter), "u": .document(change), "upsert": true]
        return try await translating {
            try await layout.ensure()
            do {
                _ = try await client.run(
                    durable(["update": .text(collection), "updates": [change]]), in: MongoLayout.code)
                return true
            } catch MongoClient.Failure.server(code: 11000) {
                return false
            }
        }
    }

    /// How many documents were found.
    func update(
        _ collection: String, _ filter: BSONDocument, _ change: BSONDocument, in database: String = MongoLayout.code
    ) async throws -> Int {
        let change: BSON = ["q": .document(filter), "u": .document(change)]
        return try await translating {
            try await layout.ensure()
            let reply = try await client.run(
                durable(["update": .text(collection), "updates": [change]]), in: database)
            return Int(reply["n"]?.int ?? 0)
        }
    }

    func delete(_ collection: String, _ filter: BSONDocument, in database: String = MongoLayout.code) async throws
        -> Int
    {
        let deletion: BSON = ["q": .document(filter), "limit": 0]
        return try await translating {
            try await layout.ensure()
            let reply = try await client.run(
                durable(["delete": .text(collection), "deletes": [deletion]]), in: database)
            return Int(reply["n"]?.int ?? 0)
        }
    }

    /// Answered when it is in the journal on disk, of most members where there are several.
    func durable(_ command: BSONDocument) -> BSONDocument {
        var command = command
        command["writeConcern"] = ["w": "majority", "j": true, "wtimeout": 5000]
        return command
    }

    func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let failure as MongoClient.Failure {
            switch failure {
            case .server(code: 14031): throw StoreError.full
            case .server(let code): throw StoreError.unavailable("MongoDB refused a command (code \(code))")
            case .unreachable(let reason): throw StoreError.unavailable(reason)
            }
        }
    }
}
