import Control
import CoreTypes
import Host
import HostFixtures
import Profiles
import Releases
import SystemPackage
import Testing

@Suite struct ReleaseDeploymentTests {
    @Test("the first release goes to the live slot, as nobody is served yet; the next one to the idle slot")
    func slots() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        let first = try await world.deploy()
        #expect(first.slot == .blue && first.isLive)
        world.plantBuild("two")
        let second = try await world.deploy()
        #expect(second.slot == .green && !second.isLive)
        #expect(try world.record?.blue == first.release)
        #expect(try world.record?.green == second.release)
        #expect(try world.record?.deploying == nil)
        #expect(try LiveConfiguration.liveSlot(world.layout, on: world.host) == .blue)
        #expect(world.supervisor.up.contains(try InstanceName("api@green")))
        #expect(world.supervisor.stack.instances.contains { $0.release == second.release })
    }

    @Test("what is live already is not deployed again")
    func again() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        _ = try await world.deploy()
        let calls = world.supervisor.calls
        let report = try await world.deploy()
        #expect(report.wasThere && report.slot == .blue)
        #expect(world.supervisor.calls == calls)
    }

    @Test("an environment is made once for a set of requirements, and anew for another set")
    func environments() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        #expect(try await world.deploy().isEnvironmentReused == false)
        world.plantBuild("two")
        #expect(try await world.deploy().isEnvironmentReused == true)
        #expect(world.buildCommands.count { $0.contains("install") } == 1)
        world.plantBuild("three", requirements: "fastapi==2\n")
        #expect(try await world.deploy().isEnvironmentReused == false)
        let installs = world.buildCommands.filter { $0.contains("install") }
        #expect(installs.map { $0.contains("--require-hashes") } == [true, false])
    }

    @Test("a wheel is a release of its own, and pip is given it")
    func wheel() async throws {
        let world = try DeployWorld()
        world.host.disk.plant("/app-1.0-py3-none-any.whl", "PK")
        let report = try await world.deploy("/app-1.0-py3-none-any.whl")
        let folder = ReleaseStore(host: world.host, layout: world.layout).directory(of: report.release)
        let install = try #require(world.buildCommands.first { $0.contains("install") })
        #expect(install.last == folder.appending("app-1.0-py3-none-any.whl").string)
    }

    @Test("requirements that name other files of the release belong to it alone")
    func nestedRequirements() async throws {
        let world = try DeployWorld()
        world.plantBuild(requirements: "-r more.txt\n")
        _ = try await world.deploy()
        world.plantBuild("two", requirements: "-r more.txt\n")
        #expect(try await world.deploy().isEnvironmentReused == false)
    }

    @Test("smoke checks are asked of the idle slot's own ports, by the process that the route leads to")
    func smoke() async throws {
        let world = try DeployWorld()
        world.plantBuild(manifest: "smoke:\n  - {path: /api/health, contains: ready}\n  - {path: /}\n")
        #expect(try await world.deploy().smokeChecks == 2)
        #expect(world.asked.map { $0.prefix { $0 != "\r\n" } } == ["GET /api/health HTTP/1.0", "GET / HTTP/1.0"])
        #expect(world.asked[0].contains("Host: 127.0.0.1:8001"))
        #expect(world.asked[1].contains("Host: 127.0.0.1:3000"))
    }

    @Test("a deploy asks the smoke checks of the profile before those of the release, and one that fails stops it")
    func smokeOfTheProfile() async throws {
        let world = try DeployWorld(smoke: [SmokeCheck(path: "/api/ready")])
        world.plantBuild(manifest: "smoke:\n  - {path: /}\n")
        #expect(try await world.deploy().smokeChecks == 2)
        #expect(world.asked.map { $0.prefix { $0 != "\r\n" } } == ["GET /api/ready HTTP/1.0", "GET / HTTP/1.0"])
        let strict = try DeployWorld(smoke: [SmokeCheck(path: "/api/ready", status: 204)])
        strict.plantBuild()
        let error = try await #require(throws: OperatorError.self) { try await strict.deploy() }
        #expect(error.because.contains("GET /api/ready is answered 200, not 204"))
        #expect(error.next == "bedplate logs api@blue")
    }

    @Test("a module that is optional is only warned of")
    func optionalModule() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        world.sayWhileLoading(
            #"{"what":"orjson"}"# + "\n" + #"{"what":"orjson","optional":true,"trace":"T\nNo module named 'orjson'\n"}"#
        )
        let report = try await world.deploy()
        #expect(report.warnings == ["orjson cannot be imported, and is optional: No module named 'orjson'"])
    }

    @Test("a slot whose release was not proven gets no traffic")
    func unproven() async throws {
        let world = try SwitchWorld()
        var record = try #require(try world.record)
        record.deploying = .init(slot: .green, before: nil)
        try record.save(world.layout, on: world.host)
        let error = await #expect(throws: OperatorError.self) { try await world.traffic.run(to: .green) }
        #expect(error?.because == "a deploy was stopped before it had proven its release")
        #expect(try world.live == .blue)
    }

    @Test("a deploy that finds another at work says who it is and to try again")
    func locked() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        world.host.disk.hold(world.layout.switchLock, by: 4711)
        let error = await #expect(throws: OperatorError.self) { try await world.deploy() }
        #expect(error?.exit == .retry)
        #expect(error?.because.contains("process 4711") == true)
        world.host.disk.letGo(world.layout.switchLock)
        _ = try await world.deploy()
    }

    @Test("builds run as the application's user, without privileges to gain, our environment or a secret")
    func sandbox() async throws {
        let world = try DeployWorld(account: "cspm")
        world.host.disk.plant(world.layout.secrets.appending("SECRET_KEY"), "hunter2")
        world.plantBuild(manifest: "build:\n  commands: [[make, pages]]\n")
        world.host.disk.plant("/build/dist/index.html", "<p>")
        _ = try await world.deploy()
        let commands = world.host.commands.history.filter { $0.executable == "/usr/bin/setpriv" }
        #expect(commands.count >= 5)
        for command in commands {
            #expect(
                command.arguments.prefix(7).joined(separator: " ")
                    == "--no-new-privs --reuid 1001 --regid 1002 --clear-groups --")
            #expect(command.environment.keys.sorted() == ["HOME", "PIP_CACHE_DIR", "TMPDIR", "npm_config_cache"])
            #expect(!command.environment.values.contains { $0.contains("secret") })
        }
        #expect(world.buildCommands.contains(["make", "pages"]))
        // What was built belongs to the application no longer.
        let sealed = world.host.commands.history.filter { $0.executable == "/usr/bin/chown" }
        #expect(sealed.contains { $0.arguments.contains("root:root") })
    }

    @Test("the last releases are kept with what was built for them; one in a slot never goes")
    func collecting() async throws {
        let world = try DeployWorld(keep: 2)
        var releases: [ReleaseID] = []
        for text in ["one", "two", "three", "four", "five"] {
            world.plantBuild(text, requirements: "fastapi==\(text)\n")
            let report = try await world.deploy()
            #expect(!report.removed.contains(report.release))
            releases.append(report.release)
        }
        let store = ReleaseStore(host: world.host, layout: world.layout)
        // The live one, and the last two.
        #expect(Set(try store.list()) == [releases[0], releases[3], releases[4]])
        let builds = try world.host.files.list(world.layout.builds)
        #expect(Set(builds) == Set([releases[0], releases[3], releases[4]].map(\.description)))
        #expect(try world.host.files.list(world.layout.environments).count == 3)
    }

    @Test("a release that an instance runs stays as long as that process lives, and goes with the next deploy")
    func inUse() async throws {
        let world = try DeployWorld(keep: 1)
        let straggler = try InstanceName("straggler")
        world.plantBuild("one")
        _ = try await world.deploy()
        world.plantBuild("two")
        let used = try await world.deploy().release
        world.supervisor.run(straggler, of: used)
        let store = ReleaseStore(host: world.host, layout: world.layout)
        for text in ["three", "four"] {
            world.plantBuild(text)
            #expect(try await world.deploy().removed.contains(used) == false)
        }
        #expect(try store.list().contains(used))
        #expect(try world.host.files.list(world.layout.builds).contains(used.description))
        world.supervisor.fell(straggler, because: "it has ended")
        world.plantBuild("five")
        #expect(try await world.deploy().removed.contains(used))
        #expect(try !world.host.files.list(world.layout.builds).contains(used.description))
    }

    @Test("a deploy that is stopped after any operation is put right by the next one, and nothing half-built is used")
    func everyPowerCut() async throws {
        let manifest = "smoke:\n  - {path: /api/health}\n"
        func world() async throws -> DeployWorld {
            let world = try DeployWorld(account: "cspm")
            world.plantBuild()
            _ = try await world.deploy()
            world.plantBuild("two", requirements: "celery==1\n", manifest: manifest)
            return world
        }
        let whole = try await world()
        let before = whole.faults.count
        let wanted = try await whole.deploy()
        let operations = whole.faults.count - before
        #expect(operations > 30)
        for cut in 0..<operations {
            let world = try await world()
            let live = try world.record?.blue
            world.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await world.deploy() }
            world.faults.restorePower()
            world.host.disk.letGoOfAll()
            #expect(try world.record?.blue == live, "cut after \(cut)")
            let report = try await world.deploy()
            #expect(report.release == wanted.release && report.slot == .green, "cut after \(cut)")
            #expect(try world.record?.green == wanted.release && world.record?.deploying == nil, "cut after \(cut)")
            let environments = try world.host.files.list(world.layout.environments)
            #expect(environments.count == 2, "cut after \(cut): \(environments)")
            for name in environments {
                let path = world.layout.environments.appending(name)
                #expect(try world.host.files.list(path).contains(".bedplate-complete"))
                #expect(try world.host.files.status(path.appending("bin/uvicorn")) != nil)
            }
            #expect(try world.host.files.list(world.layout.builds).count == 2, "cut after \(cut)")
        }
    }
}
