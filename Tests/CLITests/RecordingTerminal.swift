import CLI
import Synchronization

/// Keeps what was said, by where it went.
final class RecordingTerminal: Terminal {
    private struct State {
        var results: [String] = []
        var progress: [String] = []
        var failures: [String] = []
    }
    private let state = Mutex(State())

    var results: [String] { state.withLock { $0.results } }
    var progress: [String] { state.withLock { $0.progress } }
    var failures: [String] { state.withLock { $0.failures } }

    func result(_ text: String) { state.withLock { $0.results.append(text) } }
    func progress(_ text: String) { state.withLock { $0.progress.append(text) } }
    func confirm(_ question: String) -> Bool? { nil }
    func failure(_ text: String) { state.withLock { $0.failures.append(text) } }
}
