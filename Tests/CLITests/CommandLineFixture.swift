import CLI
import Control
import CoreTypes
import Foundation
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

/// A machine in memory with a checkout, and `bedplate` typed on it.
final class CommandLineFixture {
    static let profile = """
        profile: sample
        secrets:
          TOKEN: {generate: password, length: 20}
        slots:
          blue: {api: 8001}
          green: {api: 8002}
        processes:
          api: {slotted: true, port: api, command: ["{release}/bin/cspm", api]}
          engine: {command: ["{release}/bin/cspm", engine]}
        front_door: {listen: 127.0.0.1:8080, manager: systemd}
        routes:
          - {path: /, to: api}

        """

    let host = FakeHost()
    let layout = Layout(root: "/trial")
    let supervisor: StartedSupervisor

    init() {
        supervisor = StartedSupervisor(host, stack: layout.stack)
        for name in ["bedplate", "bedplated", "bedplate-probe", "cspm"] {
            host.disk.plant(FilePath("/build/\(name)"), name)
        }
        host.disk.plant("/checkout/profiles/cspm.yaml", Self.profile)
        host.disk.plant("/checkout/web/index.html", "<!doctype html>")
        host.disk.plant("/checkout/packaging/python/bedplate_celery.py", "")
        host.machine.setUsers([Account(name: "root", user: 0, group: 0)])
        host.machine.setListeners([:])
        host.machine.onConnections { _ in 0 }
        host.commands.onChildren { _ in [] }
        host.commands.onStartDetached(pid: 99)
        host.commands.onRun(NginxProgram.path) { _ in CommandResult(status: .exited(0), output: "", errors: "") }
        host.machine.onExchange { [host, layout] _ in
            let live = try LiveConfiguration.liveSlot(layout, on: host)
            return Array("HTTP/1.1 200 OK\r\n\r\n\(live.map(\.rawValue) ?? "")\n".utf8)
        }
    }

    struct Said {
        let exit: Int32
        let result: String
        let progress: [String]
        let failure: String

        var json: [String: Any] {
            get throws {
                try #require(try JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: Any])
            }
        }
    }

    /// What `bedplate` says to these arguments, as the program built from the checkout.
    func type(_ arguments: String...) async -> Said { await type(arguments) }

    func type(_ arguments: [String]) async -> Said {
        let terminal = RecordingTerminal()
        let invocation = Invocation(
            host: host, programs: "/build", workingDirectory: "/", terminal: terminal,
            supervisor: { [supervisor] _ in supervisor })
        let exit = await Program.run(arguments, as: invocation)
        return Said(
            exit: exit, result: terminal.results.joined(separator: "\n"), progress: terminal.progress,
            failure: terminal.failures.joined(separator: "\n"))
    }

    /// A trial that runs.
    @discardableResult
    func startTrial(_ more: String...) async -> Said {
        await type(["trial", "start", "--root", "/trial", "--checkout", "/checkout"] + more)
    }

    /// The snapshot of a supervisor, and the process table that shows what it speaks of.
    func plantProcess(_ pid: Int32, startTime: UInt64, childOf parent: Int32 = 1) {
        plantEntry(pid, startTime: startTime, childOf: parent)
        host.disk.plant(
            layout.state.appending("state.json"),
            """
            {"format":1,"boot":"b","isClean":false,"instances":{"api@blue":{"wanted":true,"restarts":0,\
            "pid":\(pid),"startTime":4711}}}
            """)
    }

    /// A process in the process table.
    func plantEntry(_ pid: Int32, startTime: UInt64, childOf parent: Int32 = 1) {
        let zeros = Array(repeating: "0", count: 17).joined(separator: " ")
        host.disk.plant(FilePath("/proc/\(pid)/stat"), "\(pid) (a) b) S \(parent) \(zeros) \(startTime) 0 0")
    }

    /// What a supervisor noted of the runs that began after its snapshot.
    func plantRun(_ lines: String) { host.disk.plant(layout.run.appending("runs"), lines) }
}
