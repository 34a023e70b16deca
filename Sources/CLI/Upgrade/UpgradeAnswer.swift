import Control
import CoreTypes

/// What an upgrade would do, or has done, and what became of the processes that ran before.
struct UpgradeAnswer: Answer {
    enum Outcome: String, Encodable { case pending, unchanged, upgraded }
    struct Supervisor: Encodable {
        let pid: Int32
        let version: String
        /// It is the process that it was.
        let isSame: Bool
    }
    let from: String
    let to: String
    var outcome = Outcome.pending
    /// Absent where none ran.
    private(set) var supervisor: Supervisor?
    /// Those that were up before and have their process still.
    private(set) var kept: [InstanceName]
    /// Those that were up before and have another process, or none.
    private(set) var lost: [InstanceName] = []
    private let before: StatusReply?

    private enum CodingKeys: String, CodingKey { case from, to, outcome, supervisor, kept, lost }

    init(from: String, to: String, before: StatusReply?) {
        self.from = from
        self.to = to
        self.before = before
        supervisor = before.map { Supervisor(pid: $0.pid, version: $0.version, isSame: true) }
        kept = before?.instances.filter { $0.state == .up }.map(\.name) ?? []
    }

    mutating func compare(with after: StatusReply) {
        guard let before else { return }
        supervisor = Supervisor(pid: after.pid, version: after.version, isSame: after.pid == before.pid)
        let pids = Dictionary(after.instances.map { ($0.name, $0.pid) }) { first, _ in first }
        let up = before.instances.filter { $0.state == .up }
        kept = up.filter { pids[$0.name] == $0.pid }.map(\.name)
        lost = up.filter { pids[$0.name] != $0.pid }.map(\.name)
    }

    var exit: CoreTypes.ExitCode {
        if outcome == .pending { return .changesPending }
        return lost.isEmpty && supervisor?.isSame ?? true ? .done : .failed
    }

    var text: String {
        switch outcome {
        case .unchanged: return "\(to) is installed already: nothing to change"
        case .pending:
            let runs = supervisor.map { "the supervisor (process \($0.pid)) becomes it, and " } ?? ""
            return "would install \(to) over \(from); \(runs)\(counted(kept.count, "instance")) would run on"
        case .upgraded: break
        }
        var lines = ["upgraded from \(from) to \(to)"]
        if let supervisor {
            lines.append(
                supervisor.isSame
                    ? "  the supervisor is \(supervisor.version) now, and still process \(supervisor.pid)"
                    : "  the supervisor is \(supervisor.version) now, and another process (\(supervisor.pid))")
            if !kept.isEmpty { lines.append("  run on: \(list(kept))") }
            if !lost.isEmpty {
                lines.append("  have another process, or none: \(list(lost))")
                lines.append("  next: bedplate status, and bedplate events for the reason")
            }
        } else {
            lines.append("  no supervisor ran; systemctl start bedplated starts one")
        }
        lines.append("  what this version would change on the host: bedplate install --check")
        return lines.joined(separator: "\n")
    }

    private func list(_ names: [InstanceName]) -> String { names.map(\.description).joined(separator: ", ") }
}
