import Control
import CoreTypes
import Host
import Profiles

/// The connections of a slot that have no end of their own: WebSockets and events.
///
/// Their limit is shorter than that of a request, which must be let finish: `FrontDoor.streamLimit`. The front door makes
/// them from an address of their own, so the kernel's table of connections tells which they are, whatever the
/// application is; and the front door's end of them is shut down, so that nobody else has to cooperate.
struct SlotStreams {
    static let source = "127.0.0.2"

    let slot: Slot
    private let ports: [Int]
    private let processes: NginxProcesses
    private let host: any Host
    private let supervisor: any SupervisorClient

    init(of slot: Slot, _ compiler: StackCompiler, _ host: any Host, _ supervisor: any SupervisorClient) {
        let streaming = Set(compiler.profile.routes.filter(\.isStream).map(\.process))
        self.slot = slot
        ports = compiler.ports(of: slot).filter { streaming.contains($0.instance.process) }.map(\.port)
        processes = NginxProcesses(profile: compiler.profile, host: host, supervisor: supervisor)
        self.host = host
        self.supervisor = supervisor
    }

    /// Closes all there are, and tells of it by an event; how many there were. What fails is reported and stops nobody:
    /// a stream ends with its slot at the latest.
    func close(_ report: (SwitchProgress) -> Void) -> Int {
        let count: Int
        do { count = try close() } catch {
            report(.note("the streams of \(slot) were not closed: \(SwitchProblem(error))"))
            return 0
        }
        guard count > 0 else { return 0 }
        report(.note("closed \(count) streams of \(slot), whose time is over"))
        do { try supervisor.announce(.streamsClosed, "\(count) of \(slot)") } catch {
            report(
                .note(
                    "the event '\(SupervisorEvent.Kind.streamsClosed.rawValue)' was not recorded: \(SwitchProblem(error))"
                ))
        }
        return count
    }

    private func close() throws -> Int {
        guard !ports.isEmpty else { return 0 }
        let workers = try processes.workers().map(\.pid)
        do {
            return try ports.map { try host.network.shutDown(connectionsTo: $0, from: Self.source, heldBy: workers) }
                .reduce(0, +)
        } catch {
            throw SwitchProblem(
                "they stay open until the slot is stopped, because nginx's connections are not ours to close: \(error)")
        }
    }
}
