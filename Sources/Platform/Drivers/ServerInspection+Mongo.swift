import CMongoc
package import CoreTypes

extension ServerInspection {
    /// Connects to MongoDB, signs in and looks around; changes nothing.
    package static func mongodb(_ url: Secret) async throws -> ServerInspection {
        BrokenPipes.areErrors
        return try await threads.run { look(at: url) }
    }

    private static func look(at url: Secret) -> ServerInspection {
        let malformed = ServerInspection.unusable(
            "this is no MongoDB connection string: write it as mongodb://user:password@host:27017/?authSource=admin")
        // The driver stops reading at a NUL.
        guard !url.reveal().utf8.contains(0) else { return malformed }
        guard cmongoc_load() else { return .unusable(MongoClient.noDriver) }
        guard let uri = cmongoc_uri_parse(url.reveal()) else { return malformed }
        defer { cmongoc_uri_destroy(uri) }
        cmongoc_uri_limit(uri, 5000, 5000, 5000)
        var error = cmongoc_error()
        guard let client = cmongoc_client_open(uri, &error) else {
            return .unusable("the driver cannot use the options of this connection string")
        }
        defer { cmongoc_client_close(client) }
        do throws(MongoClient.Failure) {
            var found = try look(with: client)
            if !cmongoc_uri_has_user(uri) {
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
