import CLinux
import Control
import CoreTypes
import Glibc

/// Asks the questions of all probes side by side; the machine decides when to ask and when to give up.
final class ProbeRunner {
    private enum Running {
        case socket(SocketProbe)
        case command(pid: Int32)
    }

    private struct Place: Hashable {
        let instance: InstanceName
        let kind: ProbeKind
    }

    private let loop: EventLoop
    private let spawner: Spawner
    private let children: Children
    private let deliver: (MachineEvent) -> Void
    private var running: [ProbeID: Running] = [:]
    /// Answered, but the server still writes; closed at the latest by the next question.
    private var lingering: [Place: SocketProbe] = [:]
    /// Exec probes that were given up and killed, and are not reaped yet.
    private var commands: [Int32: (InstanceName, ProbeID)] = [:]

    init(loop: EventLoop, spawner: Spawner, children: Children, deliver: @escaping (MachineEvent) -> Void) {
        self.loop = loop
        self.spawner = spawner
        self.children = children
        self.deliver = deliver
    }

    /// `enterGroup`: what a command writes to enter the instance's control group, or -1.
    func start(
        _ probe: ProbeID, _ check: ProbeSpec.Check, of spec: InstanceSpec, invocation: String, enterGroup: () -> Int32
    ) {
        lingering.removeValue(forKey: Place(instance: spec.name, kind: probe.kind))?.close()
        switch check {
        case .exec(let command):
            do throws(SpawnFailure) {
                let group = enterGroup()
                defer { if group >= 0 { close(group) } }
                let pid = try spawner.spawnProbe(command, for: spec, invocation: invocation, group: group)
                running[probe] = .command(pid: pid)
                commands[pid] = (spec.name, probe)
                children.add(probe: probe, pid: pid)
            } catch { deliver(.probeAnswered(spec.name, probe, .failure("\(error)"))) }
        case .http, .tcp:
            let socket = SocketProbe(check, loop: loop) { [unowned self] outcome in
                if case .socket(let socket)? = running.removeValue(forKey: probe) {
                    lingering[Place(instance: spec.name, kind: probe.kind)] = socket
                }
                deliver(.probeAnswered(spec.name, probe, outcome))
            }
            if !socket.isAnswered { running[probe] = .socket(socket) }
        }
    }

    func cancel(_ probe: ProbeID) {
        switch running.removeValue(forKey: probe) {
        case .socket(let socket)?: socket.close()
        case .command(let pid)?: kill(-pid, SIGKILL)
        case nil: break
        }
    }

    /// An exec probe was reaped.
    func ended(pid: Int32, _ end: End) {
        guard let (instance, probe) = commands.removeValue(forKey: pid) else { return }
        guard running.removeValue(forKey: probe) != nil else { return }
        // Its group may hold processes it forgot.
        kill(-pid, SIGKILL)
        deliver(.probeAnswered(instance, probe, end.isSuccess ? .success : .failure("\(end)")))
    }

    func stopAll() {
        for probe in Array(running.keys) { cancel(probe) }
        for socket in lingering.values { socket.close() }
        lingering = [:]
    }
}
