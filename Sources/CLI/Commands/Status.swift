import ArgumentParser
import Control
import CoreTypes
import Host
import Profiles
import Releases

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say which slot is live and how every instance is.")
    @OptionGroup var options: GlobalOptions

    func run() throws { try options.show(try StatusAnswer(options, doing: "show the status")) }
}

/// The whole stack as an operator wants to see it at 3 a.m.: the verdict first, then each instance.
struct StatusAnswer: Answer {
    /// `nil` when `live.conf` does not tell.
    let live: Slot?
    let url: String?
    /// Files of ours that cannot be read: the supervisor's word is told all the same.
    let problems: [String]
    let healthy: Int
    let wanted: Int
    let supervisor: Supervisor
    let slots: [String: String]
    let instances: [Instance]

    struct Supervisor: Encodable {
        let pid: Int32
        let version: String
        let since: Int64
        let age: String
    }

    struct Instance: Encodable {
        let name: String
        let state: String
        let healthy: Bool
        let wanted: Bool
        let pid: Int32?
        let since: Int64
        let age: String
        let restarts: Int
        let lastEnd: String?
        let reason: String?
        let says: String?
        let release: String?
        /// Milliseconds since 1970.
        let next: Int64?
        let lastLines: [String]?
    }

    init(_ options: GlobalOptions, doing: String) throws {
        let host = try options.invocation.host
        let layout = try options.layout
        guard try host.files.status(layout.profile) != nil else { throw Installation.absent(layout, doing: doing) }
        self.init(try options.supervisor.status(), layout, host)
    }

    private init(_ reply: StatusReply, _ layout: Layout, _ host: any Host) {
        let now = host.wallTime()
        var problems: [String] = []
        func read<Value>(_ body: () throws -> Value?) -> Value? {
            do { return try body() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        url = read { try Installation(at: layout, on: host, doing: "read the profile").frontDoor }
        live = read { try LiveConfiguration.liveSlot(layout, on: host) ?? .blue }
        let record = read { try SlotRecord.load(layout, on: host) }
        self.problems = problems
        supervisor = Supervisor(
            pid: reply.pid, version: reply.version, since: reply.since, age: age(since: reply.since, now: now))
        slots = Dictionary(
            uniqueKeysWithValues: Slot.allCases.compactMap { slot in
                record?[slot].map { (slot.rawValue, $0.description) }
            })
        instances = reply.instances.map { instance in
            Instance(
                name: instance.name.description, state: instance.state.rawValue, healthy: instance.healthy,
                wanted: instance.wanted, pid: instance.pid, since: instance.since,
                age: age(since: instance.since, now: now), restarts: instance.restarts, lastEnd: instance.lastEnd,
                reason: instance.reason, says: instance.says, release: instance.release?.description,
                next: instance.next,
                lastLines: instance.lastLines)
        }
        healthy = reply.instances.count { $0.wanted && $0.healthy }
        wanted = reply.instances.count { $0.wanted }
    }

    var exit: CoreTypes.ExitCode { problems.isEmpty ? .done : .failed }

    var text: String {
        var table = Table(header: ["INSTANCE", "STATE", "PID", "FOR", "NOTE"], rows: [])
        for instance in instances {
            let state = instance.state == "up" && !instance.healthy ? "up, unhealthy" : instance.state
            let pid = instance.pid.map(String.init) ?? "-"
            table.rows.append([instance.name, state, pid, instance.age, instance.note])
        }
        var text = "live \(live?.rawValue ?? "unknown") · \(healthy) of \(wanted) healthy"
        if let url { text += " · \(url)" }
        text += "\n"
        text += "supervisor \(supervisor.version), process \(supervisor.pid), up \(supervisor.age)\n\n"
        text += table.text
        for instance in instances {
            guard let lines = instance.lastLines, !lines.isEmpty else { continue }
            text += "\n\nlast lines of \(instance.name):\n" + lines.map { "  \($0)" }.joined(separator: "\n")
        }
        for problem in problems { text += "\n\n\(problem)" }
        return text
    }
}

extension StatusAnswer.Instance {
    /// Why it is not simply up, and what it says of itself; empty when there is nothing to say.
    var note: String {
        var parts: [String] = []
        if restarts > 0 { parts.append(counted(restarts, "restart")) }
        if let lastEnd { parts.append("last run \(lastEnd)") }
        if let reason { parts.append(reason) }
        if let says { parts.append("says: \(says)") }
        if let next { parts.append("next \(CivilTime(next))") }
        return parts.joined(separator: "; ")
    }
}
