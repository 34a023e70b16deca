import CoreTypes
import Foundation
import Hummingbird
import Logging
import Platform
import Scanning
import SystemPackage

/// A platform in a folder of its own, with a time that stands still; the folder goes with it.
final class Bench: Sendable {
    static let setupToken = "the-setup-token-of-this-test"
    static let administratorPassword = "the-generated-password"

    let folder: FilePath
    let data: DataFolder
    let time = TestTime()
    let clock = ManualClock()
    let store: SQLiteStore
    let queue: SQLiteQueue
    let services: Services

    init(retention: Duration = .seconds(180 * 86_400), adjust: (inout Services) -> Void = { _ in }) throws {
        folder = FilePath(NSTemporaryDirectory()).appending("cspm-\(UUID().uuidString)")
        data = DataFolder(path: folder)
        try data.create()
        store = try SQLiteStore(data.store, retention: retention, clock: time.clock)
        queue = try SQLiteQueue(data.queue, time: time.clock, clock: clock)
        let key = Secret(String(repeating: "k", count: 64), named: "SECRET_KEY")
        var services = Services(
            store: store, queue: queue, traffic: try SQLiteLedger(data.traffic, time: time.clock), data: data,
            slot: .blue,
            tokens: AccessTokens(keys: SigningKeys(current: key), clock: time.clock),
            passwords: PasswordHasher(cost: .init(logN: 4, r: 8, p: 1)),
            setupToken: Secret(Self.setupToken, named: "SETUP_TOKEN"),
            administratorPassword: Secret(Self.administratorPassword, named: "ADMIN_PASSWORD"), time: time.clock,
            clock: clock, logger: .silent)
        adjust(&services)
        self.services = services
    }

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    /// Runs `body` against the API's router.
    func api<Value>(_ body: @escaping @Sendable (Client) async throws -> Value) async throws -> Value {
        try await body(Client(API.router(services).buildResponder()))
    }

    /// Completes setup and returns the administrator with an access token.
    func setUp() async throws -> (user: User, token: String) {
        let password = PasswordHash(of: Self.administratorPassword, cost: .init(logN: 4, r: 8, p: 1))
        let user = User.administrator("admin", password: password, at: time.now)
        try await store.completeSetup(fallback: user)
        return (user, try services.tokens.issue(for: user.id))
    }

    /// A queued scan with its job.
    func queuedScan(of userID: String = "u") async throws -> Scan {
        let scan = Scan(id: .random(), userID: userID, fileName: nil, uploadBytes: 1, createdAt: time.now)
        try await store.create(scan)
        try await queue.add(Job(scan: scan.id), to: .scan)
        return scan
    }

    /// As the worker takes its jobs.
    func worker() -> JobConsumer {
        JobConsumer(
            queue: queue, topic: .scan, name: "worker",
            handler: UnpackJob(store: store, data: data, clock: clock, logger: .silent), clock: clock, logger: .silent)
    }

    func uploads() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: data.uploads.string) }
    func workspaces() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: data.workspaces.string) }
}

extension Logger {
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

extension Finding {
    static func sample(
        _ number: Int, severity: Severity = .high, path: String = "src/app.py"
    ) -> Finding {
        Finding(
            fingerprint: "f\(number)", rule: "generic-secret", title: "A secret", severity: severity, path: path,
            line: number, column: 1, excerpt: "key = ab…")
    }
}
