package import Scanning

/// Keeps users, setup, scans and findings. Every implementation passes the same contract suite.
///
/// Calls throw `StoreError` and nothing else. A call that returned has its effect on disk.
package protocol ResultStore: Sendable {
    /// Returns when the database answered, and is laid out as the store needs it.
    @discardableResult func ping() async throws -> StoreCondition

    // Setup and users
    func setupState() async throws -> SetupState
    /// Makes this user the one administrator that setup knows; again before completion replaces it.
    func putAdministrator(_ user: User) async throws
    /// Completes setup; the fallback becomes the administrator where there is none.
    func completeSetup(fallback: User?) async throws
    func user(named name: String) async throws -> User?
    func user(id: String) async throws -> User?

    // Scans
    func create(_ scan: Scan) async throws
    func scan(_ id: ScanID) async throws -> Scan?
    /// Newest first.
    func scans(of userID: String, matching filter: ScanFilter, after position: ScanPosition?, limit: Int) async throws
        -> Page<Scan, ScanPosition>
    /// Ids of scans that wait since before `moment`, oldest first: each must have a job, or it is lost.
    func queuedScans(before moment: Timestamp, limit: Int) async throws -> [ScanID]
    /// Marks an open scan running and moves its progress forward, never back.
    func advance(_ id: ScanID, to progress: Int) async throws
    /// Notes what a scanner does for a scan; the store's clock says when. Nothing where there is no such scan.
    func note(_ scanner: String, _ status: ScanStatus, because reason: String?, in id: ScanID) async throws
    /// Ends an open scan. `false` where it had ended before: the first outcome stays.
    @discardableResult func finish(_ id: ScanID, as outcome: ScanOutcome) async throws -> Bool
    /// Removes a scan with its findings; `false` where it is not there.
    @discardableResult func remove(_ id: ScanID) async throws -> Bool

    // Findings
    /// Adds those that are not there yet, by fingerprint, and returns how many were new. A scan that has ended takes none.
    @discardableResult func add(_ findings: [Finding], to id: ScanID) async throws -> Int
    /// Worst first, then by path and line.
    func findings(of id: ScanID, after position: FindingPosition?, limit: Int) async throws
        -> Page<Finding, FindingPosition>

    // API keys
    func add(_ key: APIKey) async throws
    /// By the digest of the whole key.
    func apiKey(digest: String) async throws -> APIKey?
    /// Oldest first.
    func apiKeys(of userID: String) async throws -> [APIKey]
    /// Makes the key end at `moment`, unless it ends before that anyway. `false` where this user has no such key.
    func endKey(_ id: String, of userID: String, at moment: Timestamp) async throws -> Bool
    func removeKey(_ id: String, of userID: String) async throws -> Bool

    // Webhooks
    func add(_ webhook: Webhook) async throws
    /// Oldest first.
    func webhooks(of userID: String) async throws -> [Webhook]
    /// With its deliveries. `false` where this user has no such webhook.
    func removeWebhook(_ id: String, of userID: String) async throws -> Bool
    /// Puts the delivery in the place of what was known of it; nothing where its webhook is gone.
    func put(_ delivery: WebhookDelivery) async throws
    func webhookDelivery(_ id: String) async throws -> WebhookDelivery?
    /// Newest first.
    func webhookDeliveries(of webhookID: String, limit: Int) async throws -> [WebhookDelivery]

    // Cloud accounts
    /// `false` where this user has one of that name.
    func add(_ account: CloudAccount) async throws -> Bool
    /// Oldest first.
    func cloudAccounts(of userID: String) async throws -> [CloudAccount]
    func cloudAccount(_ id: String, of userID: String) async throws -> CloudAccount?
    /// `false` where this user has no such account.
    func removeCloudAccount(_ id: String, of userID: String) async throws -> Bool

    /// Removes scans, with their findings, that are older than the retention, and says how many; deliveries of that age
    /// go, too.
    func expire() async throws -> Int
}

/// How far setup is.
package struct SetupState: Sendable, Equatable {
    package let isComplete: Bool
    package let hasAdministrator: Bool

    package init(isComplete: Bool, hasAdministrator: Bool) {
        self.isComplete = isComplete
        self.hasAdministrator = hasAdministrator
    }
}
