extension ProcessDeclaration {
    /// What part a slotted process has in a switch.
    package enum Role: String, Sendable, CaseIterable {
        /// Answers requests: those of both slots run while traffic moves.
        case server
        /// Takes jobs: those of the new slot begin when traffic has moved, then those of the old one finish.
        case worker
        /// Never at work twice: the one of the old slot ends before the one of the new slot begins, or takes over where it
        /// has been standing by.
        case scheduler
        /// A one-shot that must succeed before traffic moves.
        case smoke
        /// A one-shot that runs once for each release, before traffic moves to it.
        case migration

        /// Whether it is run by a switch, and at no other time.
        package var isHook: Bool {
            switch self {
            case .server, .worker, .scheduler: false
            case .smoke, .migration: true
            }
        }
    }
}
