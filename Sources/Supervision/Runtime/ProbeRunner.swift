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

    private struct Command {
        let instance: InstanceName
        let probe: ProbeID
        let output: ProbeOutput
        /// Ours, whose line is a whole sentence.
        let isHelper: Bool
    }

    private struct Place: Hashable {
        let instance: InstanceName
        let kind: ProbeKind
    }

    private let loop: EventLoop
    private let spawner: Spawner
    private let children: Children
    private let helper: String
    private let deliver: (MachineEvent) -> Void
    private var running: [ProbeID: Running] = [:]
    /// Answered, but the server still writes; closed at the latest by the next question.
    private var lingering: [Place: SocketProbe] = [:]
    /// Commands that are not reaped yet, also those that were given up and killed.
    private var commands: [Int32: Command] = [:]

    /// `helper`: the program for the questions that need a driver.
    init(
        loop: EventLoop, spawner: Spawner, children: Children, helper: String,
        deliver: @escaping (MachineEvent) -> Void
    ) {
        self.loop = loop
        self.spawner = spawner
        self.children = children
        self.helper = helper
        self.deliver = deliver
    }

    /// `enterGroup`: what a command writes to enter the instance's control group, or -1.
    func start(
        _ probe: ProbeID, _ check: ProbeSpec.Check, of spec: InstanceSpec, invocation: String, enterGroup: () -> Int32
    ) {
        lingering.removeValue(forKey: Place(instance: spec.name, kind: probe.kind))?.close()
        switch check {
        case .exec(let command):
            run(probe, of: spec, isHelper: false) { output throws(SpawnFailure) in
                let group = enterGroup()
                defer { if group >= 0 { close(group) } }
                return try spawner.spawnProbe(command, for: spec, invocation: invocation, group: group, output: output)
            }
        case .unit, .redis, .mongodb:
            let timeout = spec.probes[probe.kind]?.timeout ?? .seconds(2)
            let command = [helper] + (ProbeProgram.arguments(for: check, timeout: timeout) ?? [])
            run(probe, of: spec, isHelper: true) { output throws(SpawnFailure) in
                try spawner.spawnHelper(command, for: spec, invocation: invocation, output: output)
            }
        case .http, .tcp:
            let socket = SocketProbe(check, loop: loop) { [unowned self] outcome in
                if case .socket(let socket)? = running.removeValue(forKey: probe) {
                    lingering[Place(instance: spec.name, kind: probe.kind)] = socket
                }
                deliver(.probeAnswered(spec.name, probe, outcome))
            }
            if !socket.isAnswered { running[probe] = .socket(socket) }
        case .notify: break  // The process speaks by itself.
        }
    }

    private func run(
        _ probe: ProbeID, of spec: InstanceSpec, isHelper: Bool, _ spawn: (Int32) throws(SpawnFailure) -> Int32
    ) {
        do throws(SpawnFailure) {
            let output: ProbeOutput
            do throws(SystemError) { output = try ProbeOutput(loop: loop) } catch { throw SpawnFailure(error) }
            defer { close(output.writer) }
            let pid = try spawn(output.writer)
            running[probe] = .command(pid: pid)
            commands[pid] = Command(instance: spec.name, probe: probe, output: output, isHelper: isHelper)
            children.add(probe: probe, pid: pid)
        } catch { deliver(.probeAnswered(spec.name, probe, .failure("\(error)"))) }
    }

    func cancel(_ probe: ProbeID) {
        switch running.removeValue(forKey: probe) {
        case .socket(let socket)?: socket.close()
        case .command(let pid)?:
            kill(-pid, SIGKILL)
            commands[pid]?.output.close()
        case nil: break
        }
    }

    /// An exec probe was reaped.
    func ended(pid: Int32, _ end: End) {
        guard let command = commands.removeValue(forKey: pid) else { return }
        defer { command.output.close() }
        guard running.removeValue(forKey: command.probe) != nil else { return }
        // Its group may hold processes it forgot.
        kill(-pid, SIGKILL)
        deliver(.probeAnswered(command.instance, command.probe, outcome(of: command, end)))
    }

    private func outcome(of command: Command, _ end: End) -> ProbeOutcome {
        if end.isSuccess { return .success }
        guard let line = command.output.lastLine() else {
            return .failure(command.isHelper ? "\(ProbeProgram.name) \(end)" : "\(end)")
        }
        return .failure(command.isHelper ? line : "\(end): \(line)")
    }

    func stopAll() {
        for probe in Array(running.keys) { cancel(probe) }
        for socket in lingering.values { socket.close() }
        lingering = [:]
    }
}

extension ProbeSet {
    subscript(kind: ProbeKind) -> ProbeSpec? {
        switch kind {
        case .startup: return startup
        case .readiness: return readiness
        case .liveness: return liveness
        }
    }
}
