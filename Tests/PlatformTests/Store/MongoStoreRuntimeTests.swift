import CoreTypes
import Foundation
import Scanning
import Testing

@testable import Platform

@Suite("The MongoDB store (runtime)", .serialized, .enabled(if: MongoServer.program != nil, MongoServer.missing))
struct MongoStoreRuntimeTests {
    /// One server for the suite; each promise begins with empty databases.
    private final class Shared: Sendable {
        let folder: ScratchFolder
        let server: ServerProcess
        let url: Secret

        init() async throws {
            folder = try ScratchFolder()
            (server, url) = try await MongoServer.start(in: folder.path)
        }

        func empty() async throws {
            let client = try MongoClient(url)
            for database in MongoLayout.databases { _ = try await client.run(["dropDatabase": 1], in: database) }
        }
    }

    private static let shared = Task { try await Shared() }

    private func store(_ time: TestTime, at url: Secret? = nil, retention: Duration = StorePromise.retention)
        async throws
        -> MongoStore
    {
        let url = if let url { url } else { try await Self.shared.value.url }
        return try MongoStore(url, retention: retention, clock: time.clock)
    }

    @Test("keeps the promises of a result store", arguments: StorePromise.all)
    func contract(promise: StorePromise) async throws {
        try await Self.shared.value.empty()
        // MongoDB's retention goes by the real time: a scan of long ago would vanish while it is looked at.
        let time = TestTime(WallClock.system.now())
        try await promise.check(try await store(time), time)
    }

    private struct Index: Equatable {
        let key: BSONDocument
        let isUnique: Bool
        let seconds: Int64?
    }

    private func indexes(_ collection: String, in database: String) async throws -> [String: Index] {
        let client = try MongoClient(try await Self.shared.value.url)
        let reply = try await client.run(["listIndexes": .text(collection), "cursor": [:]], in: database)
        let batch = reply["cursor"]?.document?["firstBatch"]?.array ?? []
        return Dictionary(
            uniqueKeysWithValues: batch.compactMap(\.document).map { index in
                (
                    index["name"]?.text ?? "",
                    Index(
                        key: index["key"]?.document ?? [:], isUnique: index["unique"] == true,
                        seconds: index["expireAfterSeconds"]?.int)
                )
            })
    }

    @Test("makes the databases with their indexes at the first call, and says how many there are")
    func layout() async throws {
        try await Self.shared.value.empty()
        let time = TestTime(WallClock.system.now())
        #expect(try await store(time).ping() == StoreCondition(indexes: 29))
        for database in ["cspm_security_scans", "cspm_container_security", "cspm_cloud_security"] {
            let scans = try await indexes("scans", in: database)
            #expect(scans["scan_id"] == Index(key: ["scan_id": 1], isUnique: true, seconds: nil))
            #expect(scans["user_id"]?.key.fields.first?.name == "user_id")
            #expect(scans["retention"] == Index(key: ["created_at": 1], isUnique: false, seconds: 180 * 86_400))
            #expect(try await indexes("findings", in: database)["retention"]?.seconds == 180 * 86_400)
        }
    }

    @Test("a scan and its findings are in the database of their kind only, with the time that retention goes by")
    func places() async throws {
        try await Self.shared.value.empty()
        let client = try MongoClient(try await Self.shared.value.url)
        let time = TestTime(WallClock.system.now())
        let store = try await store(time)
        func documents(_ collection: String, in database: String) async throws -> [BSONDocument] {
            let reply = try await client.run(["find": .text(collection), "filter": [:]], in: database)
            return reply["cursor"]?.document?["firstBatch"]?.array?.compactMap(\.document) ?? []
        }
        let places: [(ScanKind, String)] = [
            (.code, "cspm_security_scans"), (.container, "cspm_container_security"), (.cloud, "cspm_cloud_security"),
        ]
        for (index, (kind, database)) in places.enumerated() {
            time.advance(by: .seconds(-60))
            let scan = Scan(
                id: .random(), userID: "u", kind: kind, fileName: nil, uploadBytes: 1, createdAt: time.now)
            try await store.create(scan)
            time.advance(by: .seconds(30))
            // Twice, as by a job that is repeated.
            for _ in 0..<2 { try await store.add([.sample(1)], to: scan.id) }
            for collection in ["scans", "findings"] {
                let found = try await documents(collection, in: database)
                #expect(found.map { $0["scan_id"]?.text } == [scan.id.description], "\(kind)")
                #expect(found.first?["created_at"] == .date(scan.createdAt), "\(kind)")
                for (_, other) in places[(index + 1)...] {
                    #expect(try await documents(collection, in: other).isEmpty, "\(kind) in \(other)")
                }
            }
        }
    }

    @Test("a cloud account's name is unique by the database's own index")
    func accounts() async throws {
        try await Self.shared.value.empty()
        try await store(TestTime(WallClock.system.now())).ping()
        let accounts = try await indexes("cloud_accounts", in: "cspm_cloud_security")
        #expect(accounts["user_id"] == Index(key: ["user_id": 1, "name": 1], isUnique: true, seconds: nil))
    }

    @Test("a changed retention alters the index in place and keeps what is stored")
    func changedRetention() async throws {
        try await Self.shared.value.empty()
        let time = TestTime(WallClock.system.now())
        let before = try await store(time)
        let scan = Scan(id: .random(), userID: "u", fileName: nil, uploadBytes: 1, createdAt: time.now)
        try await before.create(scan)
        try await store(time, retention: .seconds(30 * 86_400)).ping()
        #expect(try await indexes("scans", in: "cspm_security_scans")["retention"]?.seconds == 30 * 86_400)
        #expect(try await indexes("findings", in: "cspm_cloud_security")["retention"]?.seconds == 30 * 86_400)
        #expect(try await before.scan(scan.id) == scan)
    }

    @Test("the counts of a scan whose engine was killed between findings and counts are right when it ends")
    func recount() async throws {
        try await Self.shared.value.empty()
        let time = TestTime(WallClock.system.now())
        let store = try await store(time)
        let scan = Scan(id: .random(), userID: "u", fileName: nil, uploadBytes: 1, createdAt: time.now)
        try await store.create(scan)
        try await store.add([.sample(1), .sample(2, severity: .low)], to: scan.id)
        let client = try MongoClient(try await Self.shared.value.url)
        _ = try await client.run(
            [
                "update": "scans",
                "updates": [["q": ["scan_id": .text(scan.id.description)], "u": ["$unset": ["counts": ""]]]],
            ],
            in: "cspm_security_scans")
        #expect(try await store.scan(scan.id)?.counts.total == 0)
        try await store.finish(scan.id, as: .completed(ScanTotals(files: 1, bytes: 1, skipped: 0)))
        #expect(try await store.scan(scan.id)?.counts == SeverityCounts([.high: 1, .low: 1]))
    }

    @Test(
        "a wrong password and a closed port are errors that hold no credential", .timeLimit(.minutes(1)))
    func failures() async throws {
        let time = TestTime(WallClock.system.now())
        let shared = try await Self.shared.value
        let closed = try freePort()
        for url in [MongoServer.url(port: shared.server.port, password: "hunter3"), MongoServer.url(port: closed)] {
            let error = await #expect(throws: StoreError.self) { try await store(time, at: url).ping() }
            let text = "\(error.map { "\($0)" } ?? "") \(String(reflecting: error))"
            for word in ["hunter3", "hun", "app", "mongodb://", "\(closed)"] {
                #expect(!text.contains(word), "\(text)")
            }
        }
    }

    @Test("a connection string that is none is refused by its name only")
    func malformed() async throws {
        let error = #expect(throws: OperatorError.self) {
            try MongoStore(
                Secret("mongo:/user:hunter2@x", named: "MONGO_URL"), retention: .seconds(1), clock: .system)
        }
        #expect(error?.description.contains("MONGO_URL") == true && error?.description.contains("hunter2") == false)
    }

    @Test("a server that is killed and started again costs nobody a restart, and nothing that was stored")
    func restarted() async throws {
        try await Self.shared.value.empty()
        let shared = try await Self.shared.value
        let time = TestTime(WallClock.system.now())
        let store = try await store(time)
        let scan = Scan(id: .random(), userID: "u", fileName: nil, uploadBytes: 1, createdAt: time.now)
        try await store.create(scan)
        shared.server.kill()
        await #expect(throws: StoreError.self) { try await store.scan(scan.id) }
        try await shared.server.start()
        #expect(try await eventually { (try? await store.ping()) != nil })
        #expect(try await store.scan(scan.id) == scan)
    }
}
