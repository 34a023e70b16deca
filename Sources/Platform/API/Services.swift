package import CoreTypes
package import Logging

/// What the API works with; composed once by the program, and by each test.
package struct Services: Sendable {
    package var store: any ResultStore {
        didSet { health = HealthCheck(store: store, queue: queue, slot: slot, deadlines: deadlines) }
    }
    package let queue: any JobQueue
    package var traffic: any TrafficLedger
    package let data: DataFolder
    package let slot: Slot?
    package let tokens: AccessTokens
    package let passwords: PasswordHasher
    package let setupToken: Secret
    package let administratorPassword: Secret
    package var largestUpload: Int64 = 500 << 20
    package var limits = TimeLimits.standard
    package var rates = RateLimits.standard
    /// Where webhooks may lead.
    package var webhookAddresses = AddressRule()
    /// What setup may validate without being told: the databases this program is configured for.
    package var databases = ConfiguredDatabases()
    /// `nil`: this program was started without, and says so to whoever needs it.
    package var vault: CloudVault?
    package var prowler: Prowler?
    package let time: WallClock
    package let clock: any Clock<Duration>
    package let deadlines: Deadlines
    package var logger: Logger
    private(set) var health: HealthCheck

    package init(
        store: any ResultStore, queue: any JobQueue, traffic: any TrafficLedger, data: DataFolder, slot: Slot?,
        tokens: AccessTokens, passwords: PasswordHasher, setupToken: Secret, administratorPassword: Secret,
        time: WallClock,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.traffic = traffic
        self.data = data
        self.slot = slot
        self.tokens = tokens
        self.passwords = passwords
        self.setupToken = setupToken
        self.administratorPassword = administratorPassword
        self.time = time
        self.clock = clock
        deadlines = Deadlines(clock)
        self.logger = logger
        health = HealthCheck(store: store, queue: queue, slot: slot, deadlines: deadlines)
    }
}

/// The connection strings that this program was started with; `nil` for an embedded store or queue.
package struct ConfiguredDatabases: Sendable {
    package var mongodb: Secret?
    package var redis: Secret?

    package init(mongodb: Secret? = nil, redis: Secret? = nil) {
        self.mongodb = mongodb
        self.redis = redis
    }
}
