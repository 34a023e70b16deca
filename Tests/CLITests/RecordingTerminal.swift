import CLI
import Synchronization

/// Keeps what was said, by where it went.
final class RecordingTerminal: Terminal {
    private struct State {
        var results: [String] = []
        var progress: [String] = []
        var failures: [String] = []
        var statuses: [String?] = []
    }
    private let state = Mutex(State())

    var results: [String] { state.withLock { $0.results } }
    var progress: [String] { state.withLock { $0.progress } }
    var failures: [String] { state.withLock { $0.failures } }

    func result(_ text: String) { state.withLock { $0.results.append(text) } }
    func progress(_ text: String) { state.withLock { $0.progress.append(text) } }
    /// What its last line showed, in order; `nil` where it was taken away.
    var statuses: [String?] { state.withLock { $0.statuses } }

    func status(_ text: (@Sendable () -> String)?) {
        let shown = text?()
        state.withLock { $0.statuses.append(shown) }
    }
    func confirm(_ question: String) -> Bool? { nil }
    func failure(_ text: String) { state.withLock { $0.failures.append(text) } }
}
