package import CoreTypes

/// When an instance that ended is started again, and how long to wait before it.
package struct RestartPolicy: Codable, Sendable, Equatable {
    package var mode: Mode
    /// The wait before the first restart; each further one doubles it, up to `maximum`.
    package var initial: TimeSpan
    package var maximum: TimeSpan
    /// After this long up without ending, the next wait is `initial` again.
    package var resetAfter: TimeSpan
    /// At most this many starts within `window`, then `failed` until an operator acts; `nil`: no limit.
    package var limit: StartLimit?

    package init(
        mode: Mode = .always, initial: TimeSpan = .milliseconds(100), maximum: TimeSpan = .seconds(30),
        resetAfter: TimeSpan = .seconds(60), limit: StartLimit? = nil
    ) {
        self.mode = mode
        self.initial = initial
        self.maximum = maximum
        self.resetAfter = resetAfter
        self.limit = limit
    }

    package enum Mode: String, Codable, Sendable, CaseIterable {
        case always
        case onFailure = "on-failure"
        case never
    }

    package struct StartLimit: Codable, Sendable, Equatable {
        package var count: Int
        package var window: TimeSpan

        package init(count: Int, window: TimeSpan) {
            self.count = count
            self.window = window
        }
    }
}
