import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

private let layout = Layout(root: "/")
private let open = FilePermissions(rawValue: 0o755)

/// A host with a file of its own that an installation changes.
private func host() -> FakeHost {
    let host = FakeHost()
    host.machine.setUsers([Account(name: "root", user: 0, group: 0)])
    host.machine.setGroups(["root": 0])
    host.machine.setPackages(["dpkg": "1.21"])
    host.machine.setUnits(["ssh.service": UnitState(load: "loaded", active: "active", enablement: "enabled")])
    host.disk.plant("/etc/existing.conf", "theirs\n", mode: FilePermissions(rawValue: 0o640))
    return host
}

private func bareHost() -> FakeHost { host() }

private let steps: [any Step] = [
    DirectoryStep([
        .init("/etc/bedplate", mode: open), .init(layout.secrets, mode: [.ownerReadWriteExecute]),
        .init("/var/lib/bedplate/data", mode: open), .init("/srv/deep/below", mode: open),
    ]),
    FileStep([
        .init("/etc/existing.conf", content: "ours\n"), .init("/etc/bedplate/profile.yaml", content: "x\n"),
        .init("/srv/deep/below/file", content: "y\n"), .init("/etc/bedplate/secrets/TOKEN", content: "s3cret"),
        .init("/var/lib/bedplate/data/rows", content: "precious"),
    ]),
    PackagesStep(
        [.init("redis-server")], brings: [.unit("redis-server.service")], title: "packages"),
    UnitStep("redis-server.service", configuration: ["/etc/existing.conf"], layout: layout),
]

private func uninstall(_ host: FakeHost) -> Uninstall {
    Uninstall(host: host, layout: layout, valuables: [layout.secrets, layout.data, layout.logs])
}

@Suite struct UninstallTests {
    @Test("what a run that was killed left half-written beside a file is taken away, too")
    func halfWritten() async throws {
        let host = host()
        _ = try await Engine(host: host, layout: layout).run(steps)
        host.disk.plant(FilePath("/srv/deep/below/file").unfinished, "y")
        host.disk.plant(FilePath("/etc/existing.conf").unfinished, "ou")
        _ = try await uninstall(host).run(purging: true)
        #expect(host.disk.text(FilePath("/etc/existing.conf").unfinished) == nil)
        #expect(try host.files.status("/srv/deep") == nil)
    }

    @Test("uninstall leaves the machine as it was, but for data, secrets and what it says it kept")
    func keeping() async throws {
        let host = host()
        let before = host.disk.snapshot
        _ = try await Engine(host: host, layout: layout).run(steps)
        #expect(host.disk.text("/etc/existing.conf") == "ours\n")
        let outcome = try await uninstall(host).run(purging: false)
        let left = host.disk.snapshot.filter { before[$0.key] != $0.value && !$0.key.hasPrefix("/run") }.keys.sorted()
        #expect(
            left == [
                "/etc/bedplate", "/etc/bedplate/secrets", "/etc/bedplate/secrets/TOKEN", "/var", "/var/lib",
                "/var/lib/bedplate", "/var/lib/bedplate/data", "/var/lib/bedplate/data/rows",
                "/var/lib/bedplate/journal.jsonl",
            ])
        #expect(outcome.kept.contains("/etc/bedplate/secrets"))
        #expect(outcome.kept.contains("/var/lib/bedplate/data"))
        #expect(host.disk.text("/etc/existing.conf") == "theirs\n")
        #expect(try host.files.status("/etc/existing.conf")?.mode.rawValue == 0o640)
        #expect(try host.packages.database().version(of: "redis-server") == nil)
    }

    @Test("purge leaves nothing, at once or after an uninstall that kept things")
    func purging() async throws {
        for keepsFirst in [false, true] {
            let host = host()
            let before = host.disk.snapshot
            _ = try await Engine(host: host, layout: layout).run(steps)
            if keepsFirst { _ = try await uninstall(host).run(purging: false) }
            let outcome = try await uninstall(host).run(purging: true)
            let left = host.disk.snapshot.filter { before[$0.key] != $0.value && !$0.key.hasPrefix("/run") }
            #expect(left.keys.sorted() == ["/var", "/var/lib"])
            #expect(outcome.kept.isEmpty)
        }
    }

    @Test("an uninstall that is stopped after any number of operations is finished by the next one")
    func everyPowerCut() async throws {
        var cut = 0
        while true {
            let host = host()
            let before = host.disk.snapshot
            _ = try await Engine(host: host, layout: layout).run(steps)
            host.faults.cutPower(after: cut)
            var isStopped = false
            do { _ = try await uninstall(host).run(purging: true) } catch { isStopped = true }
            host.faults.restorePower()
            host.disk.letGoOfAll()
            _ = try await uninstall(host).run(purging: true)
            let left = host.disk.snapshot.filter { before[$0.key] != $0.value && !$0.key.hasPrefix("/run") }
            #expect(left.keys.sorted() == ["/var", "/var/lib"], "cut after \(cut)")
            #expect(try host.packages.database().version(of: "redis-server") == nil)
            guard isStopped else { break }
            cut += 1
        }
        #expect(cut > 5)
    }

    @Test(
        "a certificate by ACME stays with its key and account until a purge, and one of somebody else's is not spoken of"
    )
    func certificate() async throws {
        let host = host()
        for place in ["cli.ini", "live/theirs/privkey.pem"] {
            host.disk.plant(FilePath("/etc/letsencrypt/\(place)"), "")
        }
        host.disk.plantDirectory(layout.certificate.removingLastComponent())
        let before = host.disk.snapshot
        let acme = AcmeStep(domain: "scans.example.org", email: nil, server: "https://acme.example", layout: layout)
        _ = try await Engine(host: host, layout: layout).run([acme])
        let work = Uninstall(host: host, layout: layout, valuables: AcmeStep.valuables)
        let kept = try await work.run(purging: false).kept
        let folder = "/etc/letsencrypt"
        for place in ["accounts", "archive/bedplate", "live/bedplate/privkey.pem", "renewal/bedplate.conf"] {
            #expect(try host.files.status(FilePath("\(folder)/\(place)")) != nil, "\(place)")
        }
        #expect(try host.files.status(layout.certificate) == nil)
        #expect(
            kept.filter { $0.hasPrefix(folder) }
                == ["accounts", "archive", "live", "renewal"].map { "\(folder)/\($0)" })
        #expect(try await Engine(host: host, layout: layout).run([acme]).flatMap(\.changes).map(\.subject) == ["use"])
        #expect(try await work.run(purging: true).kept.isEmpty)
        let left = host.disk.snapshot.filter { before[$0.key] != $0.value && !$0.key.hasPrefix("/run") }
        #expect(left.keys.sorted() == ["/var", "/var/lib"])
        #expect(host.disk.text(FilePath("\(folder)/live/theirs/privkey.pem")) != nil)
        // Nobody is told of what was never ours.
        let other = bareHost()
        other.disk.plant(FilePath("\(folder)/live/theirs/privkey.pem"), "")
        _ = try await Engine(host: other, layout: layout).run(steps)
        let said = try await Uninstall(host: other, layout: layout, valuables: AcmeStep.valuables).run(purging: false)
        #expect(said.kept.allSatisfy { !$0.hasPrefix(folder) })
    }

    @Test("what a package left goes with a purge, and what was there before it came stays", arguments: [false, true])
    func leftovers(wasThere: Bool) async throws {
        let host = host()
        if wasThere { host.disk.plant("/var/lib/redis/theirs", "rows") }
        _ = try await Engine(host: host, layout: layout).run(steps)
        host.disk.plant("/var/lib/redis/dump.rdb", "rows")
        let kept = try await uninstall(host).run(purging: false).kept
        #expect(kept.contains("/var/lib/redis, the data of Redis") == !wasThere)
        #expect(host.disk.text("/var/lib/redis/dump.rdb") == "rows")
        _ = try await uninstall(host).run(purging: true)
        #expect((try host.files.status("/var/lib/redis") != nil) == wasThere)
    }

    @Test("a unit that came with a package is switched off before the package goes")
    func unitsOfPackages() async throws {
        let host = host()
        _ = try await Engine(host: host, layout: layout).run(steps)
        let outcome = try await uninstall(host).run(purging: false)
        #expect(outcome.done.prefix(2) == ["disabled redis-server.service", "stopped redis-server.service"])
    }

    @Test("what apt has read of a repository of ours goes with its address, and of others nothing")
    func lists() async throws {
        let host = host()
        host.disk.plantDirectory("/etc/apt/sources.list.d")
        let source = FileStep.File(
            "/etc/apt/sources.list.d/bedplate-x.sources", content: "URIs: https://x.example/apt\n")
        _ = try await Engine(host: host, layout: layout).run([FileStep([source])])
        host.disk.plant("/var/lib/apt/lists/x.example_apt_dists_any_InRelease", "1")
        host.disk.plant("/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease", "2")
        _ = try await uninstall(host).run(purging: false)
        #expect(try host.files.list("/var/lib/apt/lists") == ["deb.debian.org_debian_dists_bookworm_InRelease"])
    }

    @Test("the journal has no content of a file, and the kept originals are for root alone")
    func originals() async throws {
        let host = host()
        host.disk.plant("/etc/existing.conf", "password hunter2\n", mode: [.ownerReadWrite])
        _ = try await Engine(host: host, layout: layout).run(steps)
        #expect(host.disk.text(layout.journal)?.contains("hunter2") == false)
        for name in try host.files.list(layout.originals) {
            #expect(try host.files.status(layout.originals.appending(name))?.mode.rawValue == 0o600)
        }
        #expect(try host.files.status(layout.originals)?.mode.rawValue == 0o700)
    }
}

@Suite struct UnitStepTests {
    @Test("a restart that a killed run owed is made by the next one, wherever it was killed")
    func owedRestarts() async throws {
        let changed: [any Step] = [
            FileStep([.init("/etc/redis/bedplate.conf", content: "requirepass new\n")]),
            UnitStep("redis-server.service", configuration: ["/etc/redis/bedplate.conf"], layout: layout),
        ]
        var cut = 0
        while true {
            let host = host()
            host.disk.plantDirectory("/etc/redis")
            host.disk.plant("/etc/redis/bedplate.conf", "requirepass old\n")
            host.machine.setUnits([
                "redis-server.service": UnitState(load: "loaded", active: "active", enablement: "enabled")
            ])
            host.faults.cutPower(after: cut)
            var isStopped = false
            do { _ = try await Engine(host: host, layout: layout).run(changed) } catch { isStopped = true }
            host.faults.restorePower()
            host.disk.letGoOfAll()
            _ = try await Engine(host: host, layout: layout).run(changed)
            #expect(host.machine.databases.redisConfiguration == "requirepass new\n", "cut after \(cut)")
            #expect(try await Engine(host: host, layout: layout).run(changed).isEmpty)
            guard isStopped else { break }
            cut += 1
        }
        #expect(cut > 5)
    }

    @Test("of a link it is taken up where it leads, and what is there is taken up by whoever changes it")
    func links() async throws {
        let host = host()
        host.disk.plant("/etc/letsencrypt/live/bedplate/fullchain.pem", "first")
        host.machine.setUnits([
            "nginx.service": UnitState(load: "loaded", active: "active", enablement: "enabled")
        ])
        host.machine.onReload { _ in }
        let link: FilePath = "/etc/nginx/bedplate/tls/certificate.pem"
        host.disk.plant(link, "our own")
        let step = UnitStep("nginx.service", configuration: [link], by: .reload, layout: layout)
        func reloads() async throws -> Int { try await Engine(host: host, layout: layout).run([step]).count }
        #expect(try await reloads() == 1)
        try host.files.remove(link)
        try host.files.createLink(link, to: "/etc/letsencrypt/live/bedplate/fullchain.pem")
        #expect(try await reloads() == 1)
        host.disk.plant("/etc/letsencrypt/live/bedplate/fullchain.pem", "renewed")
        #expect(try await reloads() == 0)
    }
}
