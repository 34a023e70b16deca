import Synchronization

/// The databases, collections and indexes of the store: what each is for, as data, and made sure of once.
final class MongoLayout: Sendable {
    /// One database a kind of scan, as the platform's documents name them; accounts are beside the code scans.
    static let code = "cspm_security_scans"
    static let databases = [code, "cspm_container_security", "cspm_cloud_security"]
    static func database(of kind: ScanKind) -> String {
        switch kind {
        case .code: code
        case .container: databases[1]
        case .cloud: databases[2]
        }
    }
    static let scans = "scans"
    static let findings = "findings"
    static let users = "users"
    static let keys = "api_keys"
    /// In the clouds' database.
    static let accounts = "cloud_accounts"
    static let webhooks = "webhooks"
    static let deliveries = "webhook_deliveries"

    struct Index: Sendable {
        let collection: String
        let name: String
        let key: BSONDocument
        var options: BSONDocument = [:]
    }

    private let client: MongoClient
    private let retention: Duration
    private let ensured = Mutex<Int?>(nil)

    init(client: MongoClient, retention: Duration) {
        self.client = client
        self.retention = retention
    }

    /// The findings of a scan carry its time, so that MongoDB removes both at once.
    static func indexes(in database: String, retention: Duration) -> [Index] {
        let seconds: BSON = .int(retention.components.seconds)
        // A scan that still runs has no end: retention leaves it alone.
        let ended: BSON = ["finished_at": ["$exists": true]]
        let each = [
            Index(collection: scans, name: "scan_id", key: ["scan_id": 1], options: ["unique": true]),
            Index(collection: scans, name: "user_id", key: ["user_id": 1, "created_at": -1, "scan_id": -1]),
            Index(collection: scans, name: "created_at", key: ["status": 1, "created_at": 1]),
            Index(
                collection: scans, name: "retention", key: ["created_at": 1],
                options: ["expireAfterSeconds": seconds, "partialFilterExpression": ended]),
            Index(
                collection: findings, name: "in_order",
                key: ["scan_id": 1, "severity": -1, "path": 1, "line": 1, "fingerprint": 1]),
            Index(
                collection: findings, name: "retention", key: ["created_at": 1],
                options: ["expireAfterSeconds": seconds]),
        ]
        let accounts = [
            Index(collection: users, name: "name", key: ["name": 1], options: ["unique": true]),
            Index(collection: users, name: "id", key: ["id": 1], options: ["unique": true]),
            Index(collection: keys, name: "id", key: ["id": 1], options: ["unique": true]),
            Index(collection: keys, name: "digest", key: ["digest": 1], options: ["unique": true]),
            Index(collection: keys, name: "user_id", key: ["user_id": 1, "created_at": 1]),
            Index(collection: webhooks, name: "user_id", key: ["user_id": 1, "created_at": 1]),
            Index(collection: webhooks, name: "id", key: ["id": 1], options: ["unique": true]),
            Index(collection: deliveries, name: "webhook_id", key: ["webhook_id": 1, "created_at": -1]),
            Index(
                collection: deliveries, name: "retention", key: ["created_at": 1],
                options: ["expireAfterSeconds": seconds]),
        ]
        let clouds = [
            Index(collection: Self.accounts, name: "id", key: ["id": 1], options: ["unique": true]),
            Index(
                collection: Self.accounts, name: "user_id", key: ["user_id": 1, "name": 1], options: ["unique": true]),
        ]
        return each + (database == code ? accounts : database == Self.database(of: .cloud) ? clouds : [])
    }

    /// Returns how many indexes there are; asks the database only until it has answered once.
    @discardableResult
    func ensure() async throws -> Int {
        if let count = ensured.withLock({ $0 }) { return count }
        var count = 0
        for database in Self.databases {
            for index in Self.indexes(in: database, retention: retention) {
                try await ensure(index, in: database)
                count += 1
            }
        }
        ensured.withLock { [count] in $0 = count }
        return count
    }

    private func ensure(_ index: Index, in database: String) async throws {
        var description: BSONDocument = ["key": .document(index.key), "name": .text(index.name)]
        for (name, value) in index.options.fields { description[name] = value }
        do {
            _ = try await client.run(
                ["createIndexes": .text(index.collection), "indexes": [.document(description)]], in: database)
        } catch MongoClient.Failure.server(let code)
            where [85, 86].contains(code) && index.options["expireAfterSeconds"] != nil
        {
            // It is there with another retention: altered in place, nothing is built anew.
            _ = try await client.run(
                [
                    "collMod": .text(index.collection),
                    "index": ["name": .text(index.name), "expireAfterSeconds": index.options["expireAfterSeconds"]!],
                ], in: database)
        }
    }
}
