import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

@Suite struct StepTests {
    @Test("a directory for a user that an earlier step is about to create is planned, not refused")
    func futureOwner() async throws {
        let host = FakeHost()
        host.machine.setUsers([Account(name: "root", user: 0, group: 0)])
        host.machine.setGroups([:])
        let step = DirectoryStep([
            .init("/srv", mode: [.ownerReadWriteExecute], owner: OwnerName(user: "cspm", group: "cspm"))
        ])
        let changes = step.plan(try await step.check(host))
        #expect(changes == [Change("/srv", "create the directory /srv (0700, cspm:cspm)")])
        await #expect(throws: OperatorError.self) { try await step.apply(changes[0], to: host) }

        host.machine.setUsers([Account(name: "cspm", user: 105, group: 107)])
        host.machine.setGroups(["cspm": 107])
        try await step.apply(changes[0], to: host)
        #expect(try host.files.status("/srv")?.owner == Owner(user: 105, group: 107))
        #expect(step.plan(try await step.check(host)).isEmpty)
    }

    @Test("applying a change twice is the same as applying it once")
    func idempotent() async throws {
        let host = FakeHost()
        let steps: [any Step] = [
            DirectoryStep([.init("/srv", mode: [.ownerReadWriteExecute])]),
            FileStep([.init("/srv/file", content: "text", mode: [.ownerRead])]),
        ]
        func applyTwice(_ step: some Step) async throws {
            for change in step.plan(try await step.check(host)) {
                try await step.apply(change, to: host)
                let once = host.disk.snapshot
                try await step.apply(change, to: host)
                #expect(host.disk.snapshot == once)
            }
        }
        for step in steps { try await applyTwice(step) }
    }

    @Test("a link at the path of a file of ours is replaced, and its target is left alone")
    func linkInTheWay() async throws {
        let host = FakeHost()
        host.disk.plant("/etc/shadow", "secret")
        try host.disk.createLink("/etc/ours", to: "/etc/shadow")
        let step = FileStep([.init("/etc/ours", content: "ours")])
        for change in step.plan(try await step.check(host)) { try await step.apply(change, to: host) }
        #expect(host.disk.text("/etc/ours") == "ours")
        #expect(host.disk.text("/etc/shadow") == "secret")
    }
}

@Suite struct PreflightTests {
    private let needs: [Preflight.PortNeed] = [
        .init(8080, for: "the front door"), .init(8001, for: "api of the blue slot"), .init(3000, for: "web"),
    ]

    @Test("every port that is taken is named with the process that holds it, all at once, and nothing is changed")
    func takenPorts() throws {
        let host = FakeHost()
        host.machine.setListeners([
            8080: PortHolder(pid: 4711, command: "apache2"), 3000: PortHolder(pid: nil, command: nil),
        ])
        let sentences = try Preflight(ports: needs).check(host).map(\.sentence)
        #expect(
            sentences == [
                "port 8080, for the front door, is taken by process 4711 (apache2)",
                "port 3000, for web, is taken by a process of another user",
            ])
        #expect(host.faults.count == 0)
        #expect(throws: OperatorError.self) { try Preflight(ports: needs).demand(of: host, doing: "start the trial") }
    }

    @Test("a port that our own stack holds is not in the way")
    func ownPorts() throws {
        let host = FakeHost()
        host.machine.setListeners([8080: PortHolder(pid: 12, command: "nginx")])
        #expect(try Preflight(ports: needs, ours: [12]).check(host).isEmpty)
    }
}

@Suite struct FakeHostTests {
    @Test("a fake host refuses every effect that the test did not mock, and says how to mock it")
    func refusals() async throws {
        let host = FakeHost()
        let error = await #expect(throws: Unmocked.self) {
            try await host.processes.run(Command("/usr/sbin/nginx", "-t"), timeout: .seconds(1))
        }
        #expect(
            error?.description == "the test never mocked running /usr/sbin/nginx -t; "
                + "say host.commands.onRun(\"/usr/sbin/nginx\") { command in … }")
        #expect(throws: Unmocked.self) { try host.network.listener(on: 80) }
        #expect(throws: Unmocked.self) { try host.packages.installed(["nginx"]) }
        #expect(throws: Unmocked.self) { try host.accounts.current() }
        #expect(throws: Unmocked.self) { try host.units.states(["nginx.service"]) }
        #expect(throws: Unmocked.self) { try host.system.osRelease() }
    }
}
