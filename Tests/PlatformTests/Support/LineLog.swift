import Logging
import Platform

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

extension Services {
    /// The same with another store or logger.
    func with(store: (any ResultStore)? = nil, logger: Logger? = nil) -> Services {
        Services(
            store: store ?? self.store, queue: queue, data: data, slot: slot, tokens: tokens, passwords: passwords,
            setupToken: setupToken, administratorPassword: administratorPassword, time: time, clock: clock,
            logger: logger ?? self.logger)
    }
}
