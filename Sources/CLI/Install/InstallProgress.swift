import Host
import Provisioning
import Synchronization

/// Says what runs, how long it took, and what is left.
///
/// On a screen the last line tells it at any moment; elsewhere, and in `--json`, there are events only.
final class InstallProgress: Sendable {
    private struct State {
        var begun: [(step: String, watch: Stopwatch)] = []
        var ended = 0
        var total = 0
        var waits: String?
        /// The last line that was said, by step.
        var said: [String: String] = [:]
    }
    private let terminal: any Terminal
    private let isJSON: Bool
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    init(_ terminal: any Terminal, clock: any Clock<Duration>, isJSON: Bool) {
        self.terminal = terminal
        self.clock = clock
        self.isJSON = isJSON
    }

    func show(_ event: Progress) {
        let seconds = note(event)
        if isJSON {
            if case .said = event { return }
            // An event that cannot be encoded does not occur: it is made of texts and numbers.
            if let line = try? InstallEvent(event, seconds: seconds).json(pretty: false) { terminal.result(line) }
        } else {
            // What commands say is for the last line of a screen, and for the log.
            if let text = Self.text(event, seconds) { terminal.progress(text) }
            terminal.status { [self] in status }
        }
    }

    /// Nothing runs any more.
    func end() { terminal.status(nil) }

    /// What runs, for how long and what it said last, and how many steps are left: `server packages 34 s (Unpacking nginx),
    /// archive of python 12 s; 19 of 42 steps left`. How long those will take nobody knows.
    var status: String {
        state.withLock { state in
            guard state.total > 0 else { return "" }
            let waiting = state.waits.map { ["waiting: \($0)"] } ?? []
            let running = state.begun.map { begun in
                let said = state.said[begun.step].map { " (\($0.prefix(40)))" } ?? ""
                return "\(begun.step) \(Int(begun.watch.elapsed / .seconds(1))) s\(said)"
            }
            return (waiting + running).joined(separator: ", ")
                + "; \(state.total - state.ended) of \(state.total) steps left"
        }
    }

    private func note(_ event: Progress) -> Double? {
        state.withLock { state in
            switch event {
            case .began(let step, _, let total):
                state.begun.append((step, Stopwatch(clock)))
                state.total = total
            case .ended(let step, _):
                guard let index = state.begun.firstIndex(where: { $0.step == step }) else { return nil }
                state.ended += 1
                return state.begun.remove(at: index).watch.elapsed / .seconds(1)
            case .waiting(_, let holder): state.waits = holder.sentence
            case .said(let step, let line):
                state.waits = nil
                // Names of files may hold what a screen would obey.
                state.said[step] = line.filter { $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } }
            case .changed(let step, _):
                state.waits = nil
                state.said[step] = nil
            case .resuming, .awaitingKilledRun, .changing: break
            }
            return nil
        }
    }

    static let awaitingKilledRun = "waiting: commands of a run that was killed still work"

    private static func text(_ event: Progress, _ seconds: Double?) -> String? {
        switch event {
        case .resuming(let sentences):
            "An earlier run was stopped while it did this, which is looked at again: "
                + sentences.joined(separator: "; ")
        case .awaitingKilledRun: awaitingKilledRun
        case .began(let step, let number, let total): "[\(number)/\(total)] \(step)"
        case .changing(_, let change): "  \(change.sentence)"
        case .waiting(_, let holder): "  waiting: \(holder.sentence)"
        case .said, .changed: nil
        case .ended(let step, let changes):
            changes == 0 ? nil : "  \(step): \(counted(changes, "change")) in \(tenths(seconds ?? 0)) s"
        }
    }
}

/// A line of `install --json`.
private struct InstallEvent: Answer {
    let event: String
    var step: String?
    var number: Int?
    var total: Int?
    var subject: String?
    var sentence: String?
    var changes: Int?
    var seconds: Double?
    var interrupted: [String]?

    var text: String { event }

    init(_ progress: Progress, seconds: Double?) {
        switch progress {
        case .resuming(let sentences): (event, interrupted) = ("resuming", sentences)
        case .awaitingKilledRun: event = "awaiting-killed-run"
        case .began(let step, let number, let total):
            (event, self.step, self.number, self.total) = ("step-began", step, number, total)
        case .changing(let step, let change):
            (event, self.step, subject, sentence) = ("changing", step, change.subject, change.sentence)
        case .waiting(let step, let holder):
            (event, self.step, subject, sentence) = ("waiting", step, holder.file, holder.sentence)
        case .said(let step, let line): (event, self.step, sentence) = ("said", step, line)
        case .changed(let step, let change):
            (event, self.step, subject, sentence) = ("changed", step, change.subject, change.sentence)
        case .ended(let step, let changes):
            (event, self.step, self.changes, self.seconds) = ("step-ended", step, changes, seconds)
        }
    }
}
