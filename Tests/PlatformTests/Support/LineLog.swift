import Logging
import Platform
import Synchronization

/// Gives each log line, with its metadata, to a test.
struct LineLog: LogHandler {
    let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        write("\(event.level) \(event.message) \(metadata.merging(event.metadata ?? [:]) { $1 })")
    }
}

/// Everything that was logged, as one text.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    var logger: Logger { Logger(label: "t") { _ in LineLog { line in self.lines.withLock { $0.append(line) } } } }
}

extension Services {
    /// The same with another store, ledger or logger.
    func with(store: (any ResultStore)? = nil, traffic: (any TrafficLedger)? = nil, logger: Logger? = nil) -> Services {
        var services = self
        services.store = store ?? self.store
        services.traffic = traffic ?? self.traffic
        services.logger = logger ?? self.logger
        return services
    }
}
