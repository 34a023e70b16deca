import Host
import HostLinux
import Profiles
import SystemPackage
import Testing

@testable import Releases

/// Loads real modules with a real Python.
@Suite struct BuildValidationRuntimeTests {
    private let scratch: ScratchRoot
    private let files = LinuxHost().files

    init() throws {
        scratch = try ScratchRoot()
        let mode = FilePermissions(rawValue: 0o755)
        try files.createDirectory(scratch.path.appending("environment/bin"), mode: mode, owner: nil)
        try files.createLink(scratch.path.appending("environment/bin/python"), to: "/usr/bin/python3")
        try files.createDirectory(scratch.path.appending("release"), mode: mode, owner: nil)
    }

    private func write(_ name: String, _ text: String) throws {
        try files.replace(
            scratch.path.appending("release").appending(name), with: Array(text.utf8),
            mode: FilePermissions(rawValue: 0o644), owner: nil)
    }

    private func validate(
        critical: [String]? = [], optional: [String] = [], entryPoints: [String] = []
    ) async throws -> [String] {
        var manifest = ReleaseManifest()
        manifest.criticalModules = critical
        manifest.optionalModules = optional
        try write("requirements.txt", "pip\n")
        let folder = scratch.path.appending("release")
        let host = LinuxHost()
        let release = try ReleaseStore(host: host, layout: Layout(root: scratch.path)).digest(of: folder)
        let requirements = try #require(try PythonRequirements(of: release, at: folder, manifest, on: host))
        return try await BuildValidation(
            folder: folder, environment: scratch.path.appending("environment"), manifest: manifest,
            entryPoints: entryPoints.compactMap(EntryPoint.init), requirements: requirements,
            commands: BuildCommands(account: nil, layout: Layout(root: scratch.path), host: host)
        ).run()
    }

    private func problem(critical: [String] = [], entryPoints: [String] = []) async throws -> String {
        try await #require(throws: DeployProblem.self) {
            try await validate(critical: critical, entryPoints: entryPoints)
        }.because
    }

    @Test("modules and entry points of the release load, whatever they print")
    func loads() async throws {
        try write("server.py", "print('{\"what\": \"lies\", \"trace\": \"x\"}')\nclass app:\n    inner = 1\n")
        #expect(
            try await validate(critical: ["json", "server"], entryPoints: ["server:app", "server:app.inner"]) == [])
        #expect(try files.list(scratch.path.appending("release")) == ["requirements.txt", "server.py"])
    }

    @Test("what is missing, raises, or lacks the object is told with its traceback")
    func fails() async throws {
        try write("server.py", "import os\nraise ValueError('no ' + 'broker')\n")
        try write("empty.py", "")
        #expect(try await problem(critical: ["nowhere"]).contains("No module named 'nowhere'"))
        let raised = try await problem(entryPoints: ["server:app"])
        #expect(raised.contains("server:app does not load") && raised.contains("server.py\", line 2"))
        #expect(raised.contains("ValueError: no broker"))
        #expect(try await problem(entryPoints: ["empty:app"]).contains("has no attribute 'app'"))
        try write("quits.py", "raise SystemExit(0)\n")
        #expect(try await problem(critical: ["quits"]).contains("SystemExit"))
    }

    @Test("a module that kills the interpreter is named")
    func crashes() async throws {
        try write("native.py", "import os\nos.abort()\n")
        #expect(try await problem(critical: ["native"]).contains("loading native: Python was killed by signal 6"))
    }

    @Test("an optional module that is missing is a warning, and so is one that raises")
    func warns() async throws {
        try write("half.py", "1 / 0\n")
        #expect(try await validate(optional: ["nowhere", "half"]).count == 2)
    }

    @Test("without a list, the modules of the packages that the requirements name are loaded")
    func requirementsModules() async throws {
        // The system's own pip is the one package that is surely there.
        #expect(try await validate(critical: nil) == [])
    }
}
