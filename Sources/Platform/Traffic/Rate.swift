/// So many requests in a window, refilled evenly: whoever was quiet for a window has all of them at once.
package struct Rate: Sendable, Equatable {
    package let requests: Int
    package let window: Duration

    package init(requests: Int, in window: Duration) {
        precondition(requests > 0 && window > .zero)
        self.requests = requests
        self.window = window
    }

    /// How much of the window one request takes, in microseconds.
    var cost: Int64 { max(1, window.wholeMicroseconds / Int64(requests)) }

    /// Where a caller stands that has used so much of its window.
    func standing(used: Int64, isRefused: Bool) -> Standing {
        let window = window.wholeMicroseconds
        return Standing(
            limit: requests, remaining: Int(min(Int64(requests), max(0, window - used) / cost)),
            reset: .microseconds(used), retryAfter: isRefused ? .microseconds(max(1, used + cost - window)) : nil)
    }
}

/// What a caller has left.
package struct Standing: Sendable, Equatable {
    package let limit: Int
    package let remaining: Int
    /// Until it has everything again.
    package let reset: Duration
    /// `nil`: the request may go on, and is counted.
    package let retryAfter: Duration?

    package init(limit: Int, remaining: Int, reset: Duration, retryAfter: Duration?) {
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
        self.retryAfter = retryAfter
    }
}

extension Duration {
    /// What is left of a duration when everything below a microsecond is cut.
    var wholeMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }

    /// At least one second where it is not over, as a header that counts seconds wants it.
    var secondsRoundedUp: Int64 { (wholeMicroseconds + 999_999) / 1_000_000 }
}
