package import CoreTypes

/// The probes of an instance. Without any, an instance is healthy as soon as it runs.
package struct ProbeSet: Codable, Sendable, Equatable {
    /// Until it succeeds once, the other probes wait.
    package var startup: ProbeSpec?
    /// Healthy or not: dependents and the switch wait for it.
    package var readiness: ProbeSpec?
    /// Failing it restarts the instance.
    package var liveness: ProbeSpec?

    package init(startup: ProbeSpec? = nil, readiness: ProbeSpec? = nil, liveness: ProbeSpec? = nil) {
        self.startup = startup
        self.readiness = readiness
        self.liveness = liveness
    }
}

/// A health check and how often to make it.
package struct ProbeSpec: Codable, Sendable, Equatable {
    package var check: Check
    package var interval: TimeSpan
    package var timeout: TimeSpan
    /// Failures within this time after the start do not count.
    package var startPeriod: TimeSpan
    /// Consecutive failures that turn healthy into unhealthy.
    package var failureThreshold: Int
    /// Consecutive successes that turn unhealthy into healthy.
    package var successThreshold: Int

    package init(
        check: Check, interval: TimeSpan = .seconds(5), timeout: TimeSpan = .seconds(2),
        startPeriod: TimeSpan = .zero, failureThreshold: Int = 3, successThreshold: Int = 1
    ) {
        self.check = check
        self.interval = interval
        self.timeout = timeout
        self.startPeriod = startPeriod
        self.failureThreshold = failureThreshold
        self.successThreshold = successThreshold
    }

    /// Indirect, because most instances have no probe, and each has room for three.
    package indirect enum Check: Codable, Sendable, Equatable {
        /// One request to an IP address (loopback when `nil`); healthy when the answer has one of the statuses
        /// (200…299 when empty).
        case http(
            host: String? = nil, port: Int, path: String, method: String, statuses: [Int], headers: [String: String])
        /// A connection can be made to an IP address; loopback when `nil`.
        case tcp(host: String? = nil, port: Int)
        /// A command ends with 0 within the timeout.
        case exec(command: [String])
        /// The process itself says `READY=1`, or as liveness `WATCHDOG=1`, on its `NOTIFY_SOCKET` (sd_notify(3)). A
        /// `timeout` without a word is one failure; `interval` and `successThreshold` mean nothing.
        case notify
        /// A unit of systemd is active.
        case unit(name: String)
        /// Redis answers a PING, as the user of the password.
        case redis(at: StoreAddress)
        /// MongoDB answers a ping, as the user of the password.
        case mongodb(at: StoreAddress)
    }
}
