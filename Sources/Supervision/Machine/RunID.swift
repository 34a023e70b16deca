/// Tells one attempt to run an instance from every other, so that late news is recognised as such.
package struct RunID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }

    package var description: String { "\(number)" }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// Tells one question of a probe from every other.
package struct ProbeID: Hashable, Sendable {
    package let run: RunID
    package let kind: ProbeKind
    package let number: Int

    package init(run: RunID, kind: ProbeKind, number: Int) {
        self.run = run
        self.kind = kind
        self.number = number
    }
}

/// Which of its three probes an instance is asked by.
package enum ProbeKind: String, Hashable, Sendable, CaseIterable {
    case startup, readiness, liveness
}

/// What a probe found.
package enum ProbeOutcome: Hashable, Sendable {
    case success
    /// One sentence for `status`: `answered 503`.
    case failure(String)
}
