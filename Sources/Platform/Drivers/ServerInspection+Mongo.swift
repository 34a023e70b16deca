import CMongoc
package import CoreTypes

extension ServerInspection {
    /// Connects to MongoDB, signs in and looks around; changes nothing.
    package static func mongodb(_ url: Secret) async throws -> ServerInspection {
        MongoClient.prepare
        return try await threads.run { look(at: url) }
    }

    private static func look(at url: Secret) -> ServerInspection {
        let malformed = ServerInspection.unusable(
            "this is no MongoDB connection string: write it as mongodb://user:password@host:27017/?authSource=admin")
        // The driver stops reading at a NUL.
        guard !url.reveal().utf8.contains(0) else { return malformed }
        guard let uri = mongoc_uri_new_with_error(url.reveal(), nil) else { return malformed }
        defer { mongoc_uri_destroy(uri) }
        for name in [
            MONGOC_URI_CONNECTTIMEOUTMS, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, MONGOC_URI_SOCKETTIMEOUTMS,
        ] { mongoc_uri_set_option_as_int32(uri, name, 5000) }
        guard let client = mongoc_client_new_from_uri(uri) else {
            return .unusable("the driver cannot use the options of this connection string")
        }
        defer { mongoc_client_destroy(client) }
        mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2)
        do throws(MongoClient.Failure) {
            var found = try look(with: client)
            if mongoc_uri_get_username(uri) == nil {
                found.warnings.append("MongoDB lets everybody in without a password")
            }
            return found
        } catch {
            return .unusable(error.sentence)
        }
    }

    private static func look(with client: OpaquePointer) throws(MongoClient.Failure) -> ServerInspection {
        func ask(_ command: BSONDocument, in database: String) throws(MongoClient.Failure) -> BSONDocument {
            try MongoClient.run(command.encoded(), in: database, with: client, tolerating: nil)
        }
        // The first answer connects and signs in; the second one is measured.
        _ = try ask(["ping": 1], in: MongoLayout.code)
        let start = ContinuousClock.now
        _ = try ask(["ping": 1], in: MongoLayout.code)
        var found = ServerInspection(latency: ContinuousClock.now - start)
        found.version = try ask(["buildInfo": 1], in: "admin")["version"]?.text
        found.demand("MongoDB", (4, 4), because: "for its indexes")
        for database in MongoLayout.databases {
            do throws(MongoClient.Failure) {
                _ = try ask(["listCollections": 1, "nameOnly": true, "cursor": [:]], in: database)
            } catch {
                found.problems.append("the database \(database) cannot be used: \(error.sentence)")
            }
        }
        return found
    }
}

extension MongoClient.Failure {
    fileprivate var sentence: String {
        switch self {
        case .unreachable(let reason): reason
        case .server(let code): "MongoDB refused a command (code \(code))"
        }
    }
}
