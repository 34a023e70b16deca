import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import Synchronization
import SystemPackage

/// A machine with an empty blue slot live, a supervisor, and a Python whose pip and imports do what the test says.
final class DeployWorld: Sendable {
    static let python: FilePath = "/usr/bin/python3"

    let faults = Faults()
    let host: FakeHost
    let supervisor: FakeSupervisor
    let layout: Layout
    let profile: Profile
    /// Where a build script puts the pages.
    let pages: FilePath.Component
    private let refusals = Mutex<[String: String]>([:])
    private let loading = Mutex("")
    private let answers = Mutex<[String]>([])

    init(
        account: String? = nil, keep: Int = 5, pages: FilePath.Component = "dist", root: FilePath = "/trial",
        python: String? = nil, standsBy: Bool = false, smoke: [SmokeCheck] = []
    ) throws {
        self.pages = pages
        layout = Layout(root: root)
        var profile = SampleProfile.make()
        if let worker = profile.processes.firstIndex(where: { $0.role == .worker }) {
            profile.processes[worker].standsBy = standsBy
        }
        profile.switching.smoke = smoke
        profile.account = account
        profile.release.keep = keep
        profile.runtimes.python = python.map { Runtimes.Python(version: $0, method: .automatic) }
        self.profile = profile
        host = FakeHost(faults: faults)
        let compiler = StackCompiler(profile: profile, layout: layout)
        let stack = try compiler.compile(SlotRecord(), live: .blue)
        supervisor = FakeSupervisor(stack: stack, up: Set(stack.instances.map(\.name)), faults: faults)
        host.machine.setUsers([
            Account(name: "root", user: 0, group: 0), Account(name: "cspm", user: 1001, group: 1002),
        ])
        host.machine.setListeners([:])
        for folder in [layout.state, layout.run] { host.disk.plantDirectory(folder) }
        host.disk.plant(Self.python, "", mode: FilePermissions(rawValue: 0o755))
        for (path, content) in try NginxProgram(host: host, layout: layout, profile: profile).files(live: .blue) {
            host.disk.plant(path, content)
        }
        host.commands.onRun("/usr/bin/setpriv") { [self] in try run($0) }
        host.commands.onRun("/usr/bin/chown") { _ in CommandResult(status: .exited(0), output: "", errors: "") }
        host.machine.onExchange { [self] request in
            answers.withLock { $0.append(String(decoding: request.request, as: UTF8.self)) }
            return Array("HTTP/1.1 200 OK\r\n\r\n{\"ready\":true}".utf8)
        }
    }

    /// A release at `/build`, as an operator would name it.
    func plantBuild(
        _ text: String = "one", requirements: String? = "fastapi==1 --hash=sha256:0\n", manifest: String? = nil
    ) {
        host.disk.plant("/build/server.py", text)
        if let requirements { host.disk.plant("/build/requirements.txt", requirements) }
        if let manifest { host.disk.plant("/build/bedplate.yaml", manifest) }
    }

    @discardableResult
    func deploy(_ path: FilePath = "/build") async throws -> DeployReport {
        try await ReleaseDeployment(profile: profile, layout: layout, host: host, supervisor: supervisor).run(path)
    }

    var record: SlotRecord? { get throws { try SlotRecord.load(layout, on: host) } }
    /// What was asked of a slot's ports.
    var asked: [String] { answers.withLock { $0 } }

    /// Whatever runs a command with this word in it from now on is told no.
    func refuse(_ word: String, saying text: String) { refusals.withLock { $0[word] = text } }
    func allowEverything() { refusals.withLock { $0 = [:] } }
    /// What the program that loads the release says.
    func sayWhileLoading(_ lines: String) { loading.withLock { $0 = lines } }

    /// The commands of builds, without what is put around each.
    var buildCommands: [[String]] {
        host.commands.history.filter { $0.executable == "/usr/bin/setpriv" }.compactMap(Self.inner)
    }

    /// Where each of these commands ran.
    func folders(of program: String) -> [FilePath] {
        host.commands.history.compactMap { command in
            guard Self.inner(command)?.first == program else { return nil }
            return Self.folder(command)
        }
    }

    private static func folder(_ command: Command) -> FilePath? {
        command.arguments.firstIndex(of: "--").map { FilePath(command.arguments[$0 + 4]) }
    }

    static func inner(_ command: Command) -> [String]? {
        command.arguments.firstIndex(of: "--").map { Array(command.arguments[($0 + 5)...]) }
    }

    private func run(_ command: Command) throws -> CommandResult {
        let inner = Self.inner(command) ?? []
        if let refusal = refusals.withLock({ $0.first { inner.contains($0.key) } }) {
            return CommandResult(status: .exited(1), output: "", errors: refusal.value)
        }
        if inner.contains("venv") { host.disk.plant(FilePath(inner[3]).appending("bin/python"), "") }
        if inner.suffix(2) == ["run", "build"], let folder = Self.folder(command) {
            host.disk.plant(folder.appending(pages).appending("index.html"), "<p>built</p>")
        }
        if inner.contains("install"), inner[0].hasPrefix("/") {
            host.disk.plant(FilePath(inner[0]).removingLastComponent().appending("uvicorn"), "")
        }
        let isLoading = inner.contains("-B")
        return CommandResult(
            status: .exited(0), output: isLoading ? loading.withLock { $0 } : "3.12.1\n", errors: "")
    }
}
