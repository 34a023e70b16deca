/// Asks a database whether it is healthy. Blocks for at most about its timeout: never call it from an event loop.
package protocol StoreProbe: Sendable {
    func check() -> StoreHealth
}

/// What a database said, or why it did not.
package enum StoreHealth: Sendable, Equatable {
    /// It answered with our credentials; the version where it tells one, and how long the whole dialog took.
    case healthy(version: String?, latency: Duration)
    case unhealthy(StoreFailure)
}
