import Host
import Provisioning
import Synchronization

/// Says what runs, how long it took, and what is left.
final class InstallProgress: Sendable {
    private let terminal: any Terminal
    private let isJSON: Bool
    private let clock: any Clock<Duration>
    private let begun = Mutex<[String: Stopwatch]>([:])

    init(_ terminal: any Terminal, clock: any Clock<Duration>, isJSON: Bool) {
        self.terminal = terminal
        self.clock = clock
        self.isJSON = isJSON
    }

    func show(_ event: Progress) {
        let seconds = seconds(event)
        if isJSON {
            // An event that cannot be encoded does not occur: it is made of texts and numbers.
            if let line = try? InstallEvent(event, seconds: seconds).json(pretty: false) { terminal.result(line) }
        } else if let text = Self.text(event, seconds) {
            terminal.progress(text)
        }
    }

    private func seconds(_ event: Progress) -> Double? {
        begun.withLock { begun in
            switch event {
            case .began(let step, _, _):
                begun[step] = Stopwatch(clock)
                return nil
            case .ended(let step, _): return begun[step].map { $0.elapsed / .seconds(1) }
            case .resuming, .changing, .changed: return nil
            }
        }
    }

    private static func text(_ event: Progress, _ seconds: Double?) -> String? {
        switch event {
        case .resuming(let sentences):
            "An earlier run was stopped while it did this, which is looked at again: "
                + sentences.joined(separator: "; ")
        case .began(let step, let number, let total): "[\(number)/\(total)] \(step)"
        case .changing(_, let change): "  \(change.sentence)"
        case .changed: nil
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
        case .began(let step, let number, let total):
            (event, self.step, self.number, self.total) = ("step-began", step, number, total)
        case .changing(let step, let change):
            (event, self.step, subject, sentence) = ("changing", step, change.subject, change.sentence)
        case .changed(let step, let change):
            (event, self.step, subject, sentence) = ("changed", step, change.subject, change.sentence)
        case .ended(let step, let changes):
            (event, self.step, self.changes, self.seconds) = ("step-ended", step, changes, seconds)
        }
    }
}
