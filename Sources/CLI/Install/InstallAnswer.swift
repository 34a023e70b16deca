import CoreTypes
import Provisioning

/// What an installation would change, or has changed, and what runs now.
struct InstallAnswer: Answer {
    struct Step: Encodable {
        struct Change: Encodable {
            let subject: String
            let sentence: String
            let difference: [String]?
        }
        let step: String
        let changes: [Change]
    }
    struct Running: Encodable {
        let url: String
        let live: Slot
        let healthy: Int
        let wanted: Int
        let seconds: Double
        let log: String?
        let secrets: String
    }
    let isPending: Bool
    let changes: Int
    let steps: [Step]
    let warnings: [String]
    var result: Running?

    init(_ steps: [PlannedStep], _ warnings: [String], isPending: Bool, differences: Bool) {
        self.isPending = isPending
        self.warnings = warnings
        changes = steps.reduce(0) { $0 + $1.changes.count }
        self.steps = steps.map { step in
            Step(
                step: step.step,
                changes: step.changes.map {
                    .init(
                        subject: $0.subject, sentence: $0.sentence, difference: differences ? $0.difference : nil)
                })
        }
    }

    var exit: ExitCode { isPending ? .changesPending : .done }

    var text: String {
        var lines = warnings.map { "warning: \($0)" }
        if let result {
            lines.append("The stack is up: \(result.url)")
            lines.append(
                "  \(result.live) is live, \(result.healthy) of \(result.wanted) healthy, "
                    + "\(counted(changes, "change")), \(tenths(result.seconds)) s")
            if let log = result.log { lines.append("  log: \(log)") }
            lines.append("  secrets: \(result.secrets)")
            return lines.joined(separator: "\n")
        }
        guard isPending else { return (lines + ["nothing to change"]).joined(separator: "\n") }
        for step in steps {
            lines.append("\(step.step):")
            for change in step.changes {
                lines.append("  \(change.sentence)")
                lines += (change.difference ?? []).map { "      \($0)" }
            }
        }
        lines.append("\(counted(changes, "change")) in \(counted(steps.count, "step"))")
        return lines.joined(separator: "\n")
    }
}

/// What an uninstall did, and what is still there.
struct UninstallAnswer: Answer {
    let done: [String]
    let kept: [String]
    /// What the host has written down of it by itself.
    let records: [String]

    var text: String {
        guard !done.isEmpty || !kept.isEmpty else { return "nothing was left to remove" }
        func list(_ sentences: [String]) -> String { sentences.map { "\n  \($0)" }.joined() }
        return "\(counted(done.count, "thing")) undone; \(kept.isEmpty ? "nothing was kept" : "kept:" + list(kept))\n"
            + "the host's own records of it stay:" + list(records)
    }
}
