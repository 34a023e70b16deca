import Platform
import Scanning

/// A store in which every call ends as a test says.
struct FailingStore: ResultStore {
    /// Answered before it fails.
    var firstPage: Page<Finding, FindingPosition>?
    private let failure: @Sendable () async throws -> Void

    init(_ failure: @escaping @Sendable () async throws -> Void) { self.failure = failure }

    private func fail() async throws -> Never {
        try await failure()
        throw StoreError.unavailable("this store fails")
    }

    func ping() async throws -> StoreCondition { try await fail() }
    func setupState() async throws -> SetupState { try await fail() }
    func putAdministrator(_ user: User) async throws { try await fail() }
    func completeSetup(fallback: User?) async throws { try await fail() }
    func user(named name: String) async throws -> User? { try await fail() }
    func user(id: String) async throws -> User? { try await fail() }
    func create(_ scan: Scan) async throws { try await fail() }
    func scan(_ id: ScanID) async throws -> Scan? { try await fail() }
    func scans(of userID: String, matching filter: ScanFilter, after position: ScanPosition?, limit: Int) async throws
        -> Page<Scan, ScanPosition>
    { try await fail() }
    func remove(_ id: ScanID) async throws -> Bool { try await fail() }
    func add(_ key: APIKey) async throws { try await fail() }
    func apiKey(digest: String) async throws -> APIKey? { try await fail() }
    func apiKeys(of userID: String) async throws -> [APIKey] { try await fail() }
    func endKey(_ id: String, of userID: String, at moment: Timestamp) async throws -> Bool { try await fail() }
    func removeKey(_ id: String, of userID: String) async throws -> Bool { try await fail() }
    func add(_ webhook: Webhook) async throws { try await fail() }
    func webhooks(of userID: String) async throws -> [Webhook] { try await fail() }
    func removeWebhook(_ id: String, of userID: String) async throws -> Bool { try await fail() }
    func put(_ delivery: WebhookDelivery) async throws { try await fail() }
    func webhookDelivery(_ id: String) async throws -> WebhookDelivery? { try await fail() }
    func webhookDeliveries(of webhookID: String, limit: Int) async throws -> [WebhookDelivery] { try await fail() }
    func add(_ account: CloudAccount) async throws -> Bool { try await fail() }
    func cloudAccounts(of userID: String) async throws -> [CloudAccount] { try await fail() }
    func cloudAccount(_ id: String, of userID: String) async throws -> CloudAccount? { try await fail() }
    func removeCloudAccount(_ id: String, of userID: String) async throws -> Bool { try await fail() }
    func queuedScans(before moment: Timestamp, limit: Int) async throws -> [ScanID] { try await fail() }
    func advance(_ id: ScanID, to progress: Int) async throws { try await fail() }
    func note(_ scanner: String, _ status: ScanStatus, because reason: String?, in id: ScanID) async throws {
        try await fail()
    }
    func finish(_ id: ScanID, as outcome: ScanOutcome) async throws -> Bool { try await fail() }
    func add(_ findings: [Finding], to id: ScanID) async throws -> Int { try await fail() }
    func findings(of id: ScanID, after position: FindingPosition?, limit: Int) async throws
        -> Page<Finding, FindingPosition>
    {
        if position == nil, let firstPage { return firstPage }
        try await fail()
    }
    func expire() async throws -> Int { try await fail() }
}
