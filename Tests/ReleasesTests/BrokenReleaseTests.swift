import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import SystemPackage
import Testing

/// A release that is broken at one stage; each leaves traffic and the slots as they were, and says what to do.
@Suite struct BrokenReleaseTests {
    /// Blue is live with a good release, green has another good one, which is kept for a rollback.
    private func world() async throws -> DeployWorld {
        let world = try DeployWorld()
        for text in ["one", "two"] {
            world.plantBuild(text)
            _ = try await world.deploy()
        }
        world.plantBuild("broken", requirements: "broken==1\n")
        return world
    }

    private func failure(_ world: DeployWorld) async throws -> OperatorError {
        let before = try world.record
        let up = world.supervisor.up
        let error = try await #require(throws: OperatorError.self) { try await world.deploy() }
        #expect(try world.record == before)
        #expect(try LiveConfiguration.liveSlot(world.layout, on: world.host) == .blue)
        #expect(world.supervisor.up == up, "what was kept for a rollback runs again")
        #expect(error.because.contains("\n  traffic: it stays on blue"))
        #expect(error.next?.isEmpty == false, "\(error.because)")
        return error
    }

    @Test("a file that is no archive is refused before anything is made", arguments: ["/build.rar", "/nothing"])
    func unknown(path: String) async throws {
        let world = try await world()
        world.host.disk.plant("/build.rar", "Rar!")
        let before = try world.record
        let error = try await #require(throws: OperatorError.self) { try await world.deploy(FilePath(path)) }
        #expect(error.exit == .usage)
        #expect(error.because.hasPrefix("unpacking it failed: ") && error.because.contains(path))
        #expect(error.because.contains("\n  traffic: it stays on blue"))
        #expect(try world.record == before)
        #expect(error.next?.contains(".tar.zst") == true)
    }

    @Test(
        "what an installed host or a trial lacks is brought by its own command",
        arguments: [(FilePath("/"), "bedplate install"), (FilePath("/trial"), "bedplate trial start --root /trial")])
    func lacking(root: FilePath, command: String) async throws {
        let old = try DeployWorld(root: root, python: "3.99")
        old.plantBuild()
        let python = try await #require(throws: OperatorError.self) { try await old.deploy() }
        #expect(python.because.hasPrefix("building what it needs failed: there is no Python 3.99 at "))
        #expect(python.next?.hasPrefix("run '\(command)") == true, "\(python.next ?? "")")
        let strange = try DeployWorld(account: "nobody-here", root: root)
        strange.plantBuild()
        let account = try await #require(throws: OperatorError.self) { try await strange.deploy() }
        #expect(account.because == "there is no user 'nobody-here'" && account.next == "run '\(command)'")
    }

    @Test("every mistake in a release's bedplate.yaml is told at once, with its line")
    func manifest() async throws {
        let world = try await world()
        world.plantBuild("broken", manifest: "smok: []\nbuild: {pages: ../x}\nentry_points: [server]\n")
        let error = try await failure(world)
        #expect(error.exit == .usage)
        for line in ["bedplate.yaml:1", "bedplate.yaml:2", "bedplate.yaml:3"] { #expect(error.because.contains(line)) }
    }

    @Test("requirements whose hashes do not match stop it with pip's own words")
    func hashMismatch() async throws {
        let world = try await world()
        world.refuse("install", saying: "Expected sha256 0\n     Got        1")
        let error = try await failure(world)
        #expect(error.because.contains("building what it needs failed"))
        #expect(error.because.contains("    | Expected sha256 0\n    |      Got        1"))
        #expect(error.next == "correct the release and deploy it again")
    }

    @Test("a module that must load and does not stops it with the traceback")
    func importFails() async throws {
        let world = try await world()
        world.sayWhileLoading(
            #"{"what":"jobs:app"}"# + "\n"
                + #"{"what":"jobs:app","optional":false,"trace":"Traceback\n  line 3\nImportError: no\n"}"#)
        let error = try await failure(world)
        #expect(error.because.contains("loading what it needs failed: jobs:app does not load"))
        #expect(error.because.contains("    |   line 3\n    | ImportError: no"))
        #expect(error.next?.contains("requirements.optional") == true)
    }

    @Test("a release that is never healthy is stopped again, with what its instance said")
    func neverHealthy() async throws {
        let world = try await world()
        let green = try InstanceName("api@green")
        world.supervisor.sicken(green, because: "exited 1", lines: ["ModuleNotFoundError"])
        let error = try await #require(throws: OperatorError.self) { try await world.deploy() }
        #expect(error.because.contains("starting it, until all of it is healthy failed: api@green is not healthy"))
        #expect(error.because.contains("ModuleNotFoundError"))
        #expect(error.next == "bedplate logs api@green")
        #expect(try world.record?.deploying == nil)
    }

    @Test("a smoke check that is answered wrongly takes the release out again")
    func smokeFails() async throws {
        let world = try await world()
        world.plantBuild("broken", manifest: "smoke: [{path: /api/health, contains: perfect}]")
        let error = try await failure(world)
        #expect(error.because.contains("asking its smoke checks failed: GET /api/health is answered without 'perfect'"))
        #expect(error.next == "bedplate logs api@green")
    }
}
