import CoreTypes

/// When the snapshot is written: at once when an operator's wish is in it, otherwise at most once a second.
///
/// Pids change often, and are found again by their marks when the snapshot missed them.
struct SaveSchedule {
    static let pause = TimeSpan.seconds(1)
    static let pauseAfterTrouble = TimeSpan.seconds(5)

    private(set) var dueAt: Moment?
    private(set) var isDurable = false
    private(set) var hasTrouble = false
    private var notBefore: Moment?

    mutating func ask(durable: Bool, at now: Moment) {
        if durable {
            isDurable = true
            dueAt = now
        } else if dueAt == nil {
            dueAt = max(now, notBefore ?? now)
        }
    }

    mutating func succeeded(at now: Moment) {
        dueAt = nil
        isDurable = false
        hasTrouble = false
        notBefore = now + Self.pause
    }

    /// What was not written stays due; whether this is news.
    mutating func failed(at now: Moment) -> Bool {
        defer { hasTrouble = true }
        dueAt = now + Self.pauseAfterTrouble
        return !hasTrouble
    }
}
