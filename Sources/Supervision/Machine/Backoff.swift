package import Control
package import CoreTypes

/// How long to wait before restart number `attempt` (counted from 0) of a row.
package struct Backoff: Sendable {
    /// What doubling starts from when the first restart is immediate: a crash loop must never be a busy loop.
    static let leastBase: Int64 = 100

    let policy: RestartPolicy

    package init(_ policy: RestartPolicy) { self.policy = policy }

    /// `initial` before the first restart, then twice as long each time up to `maximum`, less up to a fifth of
    /// jitter, so that instances that fell together do not come back together.
    package func delay(attempt: Int, using random: inout Randomness) -> TimeSpan {
        if attempt == 0 { return policy.initial }
        let base = max(policy.initial.milliseconds, Self.leastBase)
        let shift = min(attempt, 40)
        let doubled = base > Int64.max >> (shift + 1) ? Int64.max >> 1 : base << shift
        let full = min(doubled, max(policy.maximum.milliseconds, 1))
        return TimeSpan(milliseconds: full - Int64.random(in: 0...(full / 5), using: &random))
    }
}
