import CoreTypes
import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage
import Testing

private let layout = Layout()

/// A host with both databases as an installation leaves them, and the steps of a rotation on it.
private struct Databases {
    let host = FakeHost()
    let profile: Profile
    private let engine: Engine

    init() async throws {
        profile = try ShippedProfile.load()
        engine = Engine(host: host, layout: layout)
        host.machine.setUsers([
            Account(name: "root", user: 0, group: 0), Account(name: "redis", user: 9, group: 9),
        ])
        host.machine.setGroups(["root": 0, "redis": 9])
        host.machine.setUnits(
            Dictionary(
                uniqueKeysWithValues: ["redis-server.service", "mongod.service"].map {
                    ($0, UnitState(load: "loaded", active: "active", enablement: "enabled"))
                }))
        host.disk.plantDirectory("/etc/redis")
        host.disk.plantDirectory("/etc/systemd/system")
        host.disk.plant("/etc/bedplate/mongod.conf", "authorization: enabled")
        _ = try await engine.run([SecretsStep(folder: layout.secrets, profile.secrets)])
        try await host.units.restart("mongod.service")
        _ = try await engine.run(graph())
    }

    /// What `secrets rotate` runs but for the restarts of instances; without a name, what an installation does.
    private func graph(rotating name: String? = nil) -> StepGraph {
        var graph = StepGraph()
        var last: Set<Int> = []
        for declaration in profile.secrets where declaration.name.description == name {
            last = [graph.add(BeginRotationStep(declaration, folder: layout.secrets), after: last)]
        }
        for step in profile.rotations(layout) { last = [graph.add(step, after: last)] }
        last = [graph.addRedis(profile, layout, after: last)]
        last = [
            graph.add(
                MongoUsersStep(
                    port: HostGraph.mongoPort, application: profile.name, databases: profile.services.databases,
                    secrets: layout.secrets), after: last)
        ]
        graph.add(EndRotationStep(profile.secrets.map(\.name), folder: layout.secrets), after: last)
        return graph
    }

    func rotate(_ name: String?) async throws -> [PlannedStep] { try await engine.run(graph(rotating: name)) }

    func file(_ name: String) -> String? { host.disk.text(layout.secrets.appending(name)) }

    func admits(_ name: String, _ value: String?) async -> Bool {
        guard let value else { return false }
        let secret = Secret(value, named: name)
        let databases = host.machine.databases
        let answer =
            switch name {
            case "REDIS_PASSWORD": await databases.redis(port: HostGraph.redisPort, password: secret)
            case "MONGO_PASSWORD":
                await databases.mongo(port: HostGraph.mongoPort, login: MongoLogin(name: "cspm", password: secret))
            default: await databases.mongo(port: HostGraph.mongoPort, login: MongoLogin(name: "root", password: secret))
            }
        if case .welcome = answer { return true }
        return false
    }
}

@Suite struct RotationTests {
    @Test(
        "a rotation killed at any moment leaves a value on the disk that works; a rotation or an installation ends it",
        arguments: ["SECRET_KEY", "REDIS_PASSWORD", "MONGO_PASSWORD", "MONGO_ROOT_PASSWORD"], [true, false])
    func killed(name: String, byInstallation: Bool) async throws {
        let isPassword = name != "SECRET_KEY"
        var cut = 0
        while true {
            let world = try await Databases()
            let old = try #require(world.file(name))
            world.host.faults.cutPower(after: cut)
            var isDone = true
            do { _ = try await world.rotate(name) } catch { isDone = false }
            world.host.faults.restorePower()
            world.host.disk.letGoOfAll()
            if isPassword {
                var works = false
                for suffix in ["", ".next", ".old"] where !works {
                    works = await world.admits(name, world.file(name + suffix))
                }
                #expect(works, "cut after \(cut)")
            }
            let isBegun = world.file("\(name).next") != nil || world.file(name) != old
            _ = try await world.rotate(byInstallation ? nil : name)
            let new = try #require(world.file(name))
            if isBegun || !byInstallation { #expect(new != old, "cut after \(cut)") }
            if isPassword { #expect(await world.admits(name, new), "cut after \(cut)") }
            if isPassword, new != old { #expect(await !world.admits(name, old), "cut after \(cut)") }
            if !isPassword, byInstallation, new != old { #expect(world.file("SECRET_KEY_PREVIOUS") == old) }
            if name == "MONGO_PASSWORD" { #expect(world.file("MONGO_URL")?.contains(new) == true) }
            if name == "REDIS_PASSWORD" { #expect(world.file("REDIS_URL")?.contains(new) == true) }
            #expect(try world.host.files.list(layout.secrets).allSatisfy { !$0.contains(".") })
            #expect(try await world.rotate(nil).isEmpty, "cut after \(cut)")
            guard !isDone else { break }
            cut += 1
        }
        #expect(cut > 5)
    }

    @Test("no value is in the journal or in what is said of a rotation")
    func neverShown() async throws {
        let world = try await Databases()
        var values = Set<String>()
        var said = ""
        for name in ["SECRET_KEY", "REDIS_PASSWORD", "MONGO_PASSWORD", "MONGO_ROOT_PASSWORD"] {
            values.insert(try #require(world.file(name)))
            dump(try await world.rotate(name), to: &said)
            values.insert(try #require(world.file(name)))
        }
        said += try #require(world.host.disk.text(layout.journal))
        #expect(values.count == 8)
        for value in values { #expect(!said.contains(value)) }
    }
}
