import Glibc
import Host
import HostLinux
import SystemPackage
import Testing

@testable import Releases

@Suite struct BuildCommandsRuntimeTests {
    @Test(
        "a build command is somebody else, in its own folder, with no privilege to gain and nothing of our environment",
        .enabled(if: getuid() == 0, "only root may become somebody else"))
    func unprivileged() async throws {
        let scratch = try ScratchRoot()
        let host = LinuxHost()
        try host.files.setMode(scratch.path, FilePermissions(rawValue: 0o755))
        let folder = scratch.path.appending("work")
        let commands = BuildCommands(
            account: Account(name: "nobody", user: 65534, group: 65534), layout: Layout(root: scratch.path), host: host)
        try commands.makeFolder(folder)
        setenv("BEDPLATE_TEST_SECRET", "hunter2", 1)
        defer { unsetenv("BEDPLATE_TEST_SECRET") }
        let result = try await commands.run(
            ["sh", "-c", "id -u; id -G; pwd; umask; grep NoNewPrivs /proc/self/status; touch made; env"], in: folder,
            timeout: .seconds(10))
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(5) == ["65534", "65534", folder.string, "0022", "NoNewPrivs:\t1"], "\(result.errors)")
        #expect(!result.output.contains("hunter2"))
        #expect(try host.files.status(folder.appending("made"))?.owner.user == 65534)
        try await commands.seal(folder)
        #expect(try host.files.status(folder.appending("made"))?.owner.user == 0)
    }

    @Test("a build command that fails is told by its last words")
    func failing() async throws {
        let scratch = try ScratchRoot()
        let commands = BuildCommands(account: nil, layout: Layout(root: scratch.path), host: LinuxHost())
        let error = try await #require(throws: DeployProblem.self) {
            try await commands.demand(
                ["sh", "-c", "echo begun; echo no such thing >&2; exit 3"], in: scratch.path, timeout: .seconds(10))
        }
        #expect(error.because.hasSuffix("ended with 3\n    | no such thing"))
    }
}
