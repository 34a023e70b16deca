import CoreTypes
import Dispatch
import Glibc
import Hummingbird
import Logging
import NIOCore
import Scanning
package import SystemPackage

/// The four programs of the platform, composed from what they need and run until SIGTERM.
package enum Programs {
    package static func api(at address: ListenAddress, environment: [String: String]) async throws {
        let logger = start("api", environment)
        let settings = try Settings(program: "api", environment: environment)
        let credentials = settings.credentials
        let key = try credentials.required("SECRET_KEY", atLeast: 32)
        let previous = try credentials.optional("SECRET_KEY_PREVIOUS").map { ($0, WallClock.system.now()) }
        var services = Services(
            store: try store(settings), queue: try queue(settings), traffic: try traffic(settings),
            data: settings.data, slot: settings.slot,
            tokens: AccessTokens(keys: SigningKeys(current: key, previous: previous), clock: .system),
            passwords: PasswordHasher(), setupToken: try credentials.required("SETUP_TOKEN", atLeast: 16),
            administratorPassword: try credentials.required("ADMIN_PASSWORD", atLeast: 12), time: .system,
            clock: ContinuousClock(), logger: logger)
        services.rates = settings.rates
        services.webhookAddresses = settings.webhookAddresses
        services.vault = try vault(settings)
        services.prowler = try Prowler(environment: environment)
        services.databases = ConfiguredDatabases(
            mongodb: try credentials.optional("MONGO_URL"), redis: try credentials.optional("REDIS_URL"))
        try await address.serve(API.router(services).buildResponder(), program: "api", logger: logger)
    }

    package static func web(at address: ListenAddress, files: FilePath, environment: [String: String]) async throws {
        let logger = start("web", environment)
        try await address.serve(SiteResponder(site: try Site(folder: files)), program: "web", logger: logger)
    }

    package static func worker(environment: [String: String]) async throws {
        let logger = start("worker", environment)
        let settings = try Settings(program: "worker", environment: environment)
        let store = try store(settings)
        let queue = try queue(settings)
        let upkeep = Upkeep(store: store, queue: queue, data: settings.data, time: .system, logger: logger)
        let consumer = JobConsumer(
            queue: queue, topic: .scan, name: settings.instance("worker"),
            handler: UnpackJob(store: store, data: settings.data, clock: ContinuousClock(), logger: logger),
            clock: ContinuousClock(), logger: logger)
        let stop = stopOnSignal()
        let webhooks = try webhooks(settings, store, queue, logger)
        logger.info("The worker takes jobs.")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await upkeep.run(until: stop, every: .seconds(60), clock: ContinuousClock()) }
            for consumer in webhooks + [consumer] { group.addTask { await consumer.run(until: stop) } }
        }
        logger.info("The worker has stopped.")
    }

    /// Two of them: a receiver that is slow keeps only one waiting.
    private static func webhooks(
        _ settings: Settings, _ store: any ResultStore, _ queue: any JobQueue, _ logger: Logger
    ) throws -> [JobConsumer] {
        let secret = try settings.credentials.optional("WEBHOOK_SECRET")
        let client = WebhookClient(settings.webhookAddresses)
        let job = WebhookJob(store: store, secret: secret, time: .system, logger: logger) {
            try await client.post($0, to: $1, headers: $2)
        }
        return (1...2).map { number in
            JobConsumer(
                queue: queue, topic: .webhook, name: settings.instance("worker") + "-webhook-\(number)", handler: job,
                patience: WebhookJob.patience, clock: ContinuousClock(), logger: logger)
        }
    }

    package static func engine(environment: [String: String]) async throws {
        let logger = start("engine", environment)
        let settings = try Settings(program: "engine", environment: environment)
        let store = try store(settings)
        let scanner = SecretScanner(rules: try RuleSet.bundled())
        let queue = try queue(settings)
        let stop = stopOnSignal()
        let clouds = JobConsumer(
            queue: queue, topic: .cloud, name: settings.instance("engine") + "-clouds",
            handler: CloudJob(
                store: store, data: settings.data, prowler: try Prowler(environment: environment),
                vault: try vault(settings), clock: ContinuousClock(), logger: logger),
            clock: ContinuousClock(), logger: logger)
        let images = ImageSources(secrets: scanner, advisories: settings.advisories, time: .system)
        let consumer = JobConsumer(
            queue: queue, topic: .engine, name: settings.instance("engine"),
            handler: EngineJob(
                store: store, data: settings.data,
                sources: { kind in kind == .container ? images.make() : [scanner] }, clock: ContinuousClock(),
                logger: logger),
            clock: ContinuousClock(), logger: logger)
        logger.info("The engine takes jobs.")
        await withTaskGroup(of: Void.self) { group in
            for consumer in [consumer, clouds] { group.addTask { await consumer.run(until: stop) } }
        }
        logger.info("The engine has stopped.")
    }

    // MARK: What they share

    /// Before anything else of a program: few threads, private files, logs on standard error.
    private static func start(_ program: String, _ environment: [String: String]) -> Logger {
        umask(0o077)
        NIOSingletons.groupLoopCountSuggestion = 2
        NIOSingletons.blockingPoolThreadCountSuggestion = 2
        var logger = Logger(label: "cspm.\(program)", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = environment["LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .info
        return logger
    }

    private static func store(_ settings: Settings) throws -> any ResultStore {
        try settings.data.create()
        switch settings.store {
        case .embedded:
            return try SQLiteStore(settings.data.store, retention: settings.retention, clock: .system)
        case .mongodb:
            let url = try settings.credentials.required("MONGO_URL", atLeast: 1)
            return try MongoStore(url, retention: settings.retention, clock: .system)
        }
    }

    private static func vault(_ settings: Settings) throws -> CloudVault? {
        try settings.credentials.optional("CLOUD_ENCRYPTION_KEY").map { try CloudVault($0, time: .system) }
    }

    private static func queue(_ settings: Settings) throws -> any JobQueue {
        switch settings.queue {
        case .embedded: try SQLiteQueue(settings.data.queue, time: .system, clock: ContinuousClock())
        case .redis: try RedisQueue(try settings.credentials.required("REDIS_URL", atLeast: 1))
        }
    }

    private static func traffic(_ settings: Settings) throws -> any TrafficLedger {
        switch settings.queue {
        case .embedded: try SQLiteLedger(settings.data.traffic, time: .system)
        case .redis: try RedisLedger(try settings.credentials.required("REDIS_URL", atLeast: 1))
        }
    }

    /// A stop that SIGTERM and SIGINT request.
    private static func stopOnSignal() -> StopSignal {
        let stop = StopSignal()
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds the source: it lives as long as the program.
            source.setEventHandler {
                stop.request()
                withExtendedLifetime(source) {}
            }
            source.resume()
        }
        return stop
    }
}
