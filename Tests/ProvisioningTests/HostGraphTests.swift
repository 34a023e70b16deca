import CoreTypes
import Foundation
import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage
import Testing

private let releases = [FakeHost.debian12, FakeHost.ubuntu2404]

@Suite struct HostGraphTests {
    @Test(
        "--check on a clean host lists exactly the changes that install then makes", arguments: releases, [false, true])
    func plannedIsMade(release: [String: String], hasEverything: Bool) async throws {
        let profile = try ShippedProfile.load(hasEverything ? ShippedProfile.everything : [])
        let host = try ShippedProfile.host(release, profile)
        if hasEverything { try ShippedProfile.addEverything(to: host) }
        let engine = Engine(host: host, layout: Layout())
        let graph = try ShippedProfile.graph(profile, release)
        let before = host.disk.snapshot
        let operations = host.faults.count
        let planned = try await engine.plan(graph)
        #expect(host.disk.snapshot == before)
        #expect(host.faults.count == operations)
        #expect(planned.count > 20)
        let made = try await engine.run(graph)
        #expect(made == planned)
    }

    @Test("a second run changes nothing and writes nothing", arguments: releases, [false, true])
    func secondRun(release: [String: String], hasEverything: Bool) async throws {
        let profile = try ShippedProfile.load(hasEverything ? ShippedProfile.everything : [])
        let host = try ShippedProfile.host(release, profile)
        if hasEverything { try ShippedProfile.addEverything(to: host) }
        let engine = Engine(host: host, layout: Layout())
        _ = try await engine.run(ShippedProfile.graph(profile, release))
        let before = host.disk.snapshot
        let operations = host.faults.count
        #expect(try await engine.run(ShippedProfile.graph(profile, release)).isEmpty)
        #expect(host.disk.snapshot == before)
        #expect(host.faults.count == operations)
    }

    @Test("a run that is killed at fifteen moments of its course converges on the next one, restarts included")
    func powerCuts() async throws {
        let profile = try ShippedProfile.load()
        let graph = try ShippedProfile.graph(profile, FakeHost.debian12)
        let whole = try ShippedProfile.host(FakeHost.debian12, profile)
        _ = try await Engine(host: whole, layout: Layout()).run(graph)
        func paths(_ host: FakeHost) -> [String] {
            host.disk.snapshot.keys.filter { !$0.hasPrefix(Layout().journal.string) }.sorted()
        }
        // Parallel steps make no two runs alike, so the moments are spread over the operations of one of them.
        for cut in stride(from: 1, to: whole.faults.count, by: max(1, whole.faults.count / 15)) {
            let host = try ShippedProfile.host(FakeHost.debian12, profile)
            let engine = Engine(host: host, layout: Layout())
            host.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await engine.run(graph) }
            host.faults.restorePower()
            host.disk.letGoOfAll()
            _ = try await engine.run(graph)
            #expect(paths(host) == paths(whole), "cut after \(cut)")
            #expect(host.machine.databases.redisConfiguration == host.disk.text("/etc/redis/bedplate.conf"))
            #expect(host.machine.databases.mongoConfiguration == host.disk.text("/etc/bedplate/mongod.conf"))
            #expect(host.machine.databases.mongoUsers.keys.sorted() == ["cspm", "root"])
            #expect(try await engine.plan(graph).isEmpty, "cut after \(cut)")
        }
    }

    @Test("drift is repaired, and only it")
    func drift() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        let engine = Engine(host: host, layout: Layout())
        let graph = try ShippedProfile.graph(profile, FakeHost.debian12)
        _ = try await engine.run(graph)
        func made(_ drift: () async throws -> Void) async throws -> [String] {
            try await drift()
            return try await engine.run(graph).flatMap(\.changes).map(\.sentence)
        }
        let edited = try await made { host.disk.plant("/etc/bedplate/mongod.conf", "net: {bindIp: 0.0.0.0}\n") }
        // It never ran with the edited one, so it is left running.
        #expect(edited == ["replace /etc/bedplate/mongod.conf, which has another content"])
        #expect(try await made { try await host.units.stop("nginx.service") } == ["start nginx.service"])
        #expect(
            try await made { try await host.packages.remove(["certbot"], purging: false) } == ["install certbot"])
        #expect(
            try await made { try await host.packages.setHold(false, on: ["mongodb-org"]) } == [
                "hold mongodb-org at 7.0"
            ])
        let number = try #require(try host.accounts.user(named: "cspm")).user
        #expect(
            try await made { try await host.accounts.removeUser("cspm") } == [
                "create the system user cspm, again as number \(number)"
            ])
        let secret = "/etc/bedplate/secrets/SECRET_KEY"
        let value = host.disk.text(FilePath(secret))
        let closed = try await made { try host.disk.setMode(FilePath(secret), FilePermissions(rawValue: 0o644)) }
        #expect(closed.count == 1 && closed[0].contains(secret))
        #expect(host.disk.text(FilePath(secret)) == value)
    }

    @Test("a MongoDB user that was given other roles gets its own back, and nothing else changes")
    func roles() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        let engine = Engine(host: host, layout: Layout())
        let graph = try ShippedProfile.graph(profile, FakeHost.debian12)
        _ = try await engine.run(graph)
        host.machine.databases.setMongoRoles([.init("root", on: "admin")], of: "cspm")
        let made = try await engine.run(graph)
        #expect(made.map(\.step) == ["users of mongodb"])
        #expect(made.flatMap(\.changes).map(\.subject) == ["application"])
        #expect(try await engine.run(graph).isEmpty)
    }

    @Test("no secret is in the journal or in a plan")
    func neverShown() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        let made = try await Engine(host: host, layout: Layout()).run(
            ShippedProfile.graph(profile, FakeHost.debian12))
        var dumped = ""
        dump(made, to: &dumped)
        dumped += try #require(host.disk.text(Layout().journal))
        for name in try host.files.list(Layout().secrets) {
            let value = try #require(host.disk.text(Layout().secrets.appending(name)))
            #expect(!dumped.contains(value), "\(name)")
        }
        #expect(try host.files.status("/etc/redis/bedplate.conf")?.mode.rawValue == 0o640)
    }

    @Test("uninstall leaves no package, unit, account or file of ours but what it says it kept; purge leaves nothing")
    func uninstall() async throws {
        for purging in [false, true] {
            let profile = try ShippedProfile.load()
            let host = try ShippedProfile.host(FakeHost.debian12, profile)
            let before = host.disk.snapshot
            let packages = try host.packages.database().records
            _ = try await Engine(host: host, layout: Layout()).run(ShippedProfile.graph(profile, FakeHost.debian12))
            let layout = Layout()
            let work = Uninstall(
                host: host, layout: layout, valuables: [layout.secrets, layout.data, layout.logs])
            let outcome = try await work.run(purging: purging)
            let database = try host.packages.database()
            #expect(database.records.filter { $0.value.state == .installed }.keys.sorted() == packages.keys.sorted())
            #expect(outcome.kept.isEmpty == purging)
            #expect(outcome.kept.contains("/var/lib/mongodb, the data of MongoDB") == !purging)
            #expect((try host.accounts.user(named: "mongodb") == nil) == purging)
            #expect((try host.accounts.user(named: "cspm") == nil) == purging)
            let left = host.disk.snapshot.keys.filter { before[$0] == nil }
            // What packages bring stays in this host, whose packages cannot remove it.
            let own = left.filter { $0.contains("bedplate") && !$0.hasPrefix("/run") }.sorted()
            let isSaid = own.allSatisfy { !purging && ($0.hasPrefix("/etc/bedplate") || $0.hasPrefix("/var")) }
            #expect(isSaid, "\(own)")
            #expect(host.disk.text("/etc/nginx/conf.d/bedplate.conf") == nil)
        }
    }

    @Test("uninstall sets the kernel and Docker's group as they were")
    func machineState() async throws {
        let profile = try ShippedProfile.load(ShippedProfile.everything)
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        try ShippedProfile.addEverything(to: host)
        let kernel = host.settings.values
        _ = try await Engine(host: host, layout: Layout()).run(ShippedProfile.graph(profile, FakeHost.debian12))
        #expect(host.settings.values["/proc/sys/vm/swappiness"] == "1")
        #expect(try host.accounts.members(of: "docker") == ["cspm"])
        let outcome = try await Uninstall(host: host, layout: Layout(), valuables: []).run(purging: true)
        #expect(host.settings.values == kernel)
        #expect(try host.accounts.members(of: "docker").isEmpty)
        #expect(outcome.done.contains("took the user cspm out of the group docker"))
    }

    @Test("what is planned on a bare host is what was accepted", arguments: releases, [false, true])
    func golden(release: [String: String], hasEverything: Bool) async throws {
        let profile = try ShippedProfile.load(hasEverything ? ShippedProfile.everything : [])
        let host = try ShippedProfile.host(release, profile)
        if hasEverything { try ShippedProfile.addEverything(to: host) }
        let planned = try await Engine(host: host, layout: Layout()).plan(ShippedProfile.graph(profile, release))
        let text = planned.map { step in
            "\(step.step):\n"
                + step.changes.map { change in
                    "  \(change.sentence)\n" + (change.difference ?? []).map { "      \($0)\n" }.joined()
                }.joined()
        }.joined()
        let name = try #require(Distribution(release)).rawValue + (hasEverything ? "-with-everything" : "")
        let path = ShippedProfile.repository.appending("Tests/ProvisioningTests/Golden/\(name).plan").string
        if ProcessInfo.processInfo.environment["BEDPLATE_GOLDEN"] == "accept" {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let accepted = try? String(contentsOfFile: path, encoding: .utf8)
        #expect(text == accepted, "\(name).plan differs; look at it, then scripts/golden --accept")
    }
}
