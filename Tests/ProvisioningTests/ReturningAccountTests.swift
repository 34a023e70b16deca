import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

/// An account that was removed, and whose data are still there.
@Suite struct ReturningAccountTests {
    private let data: FilePath = "/var/lib/bedplate/data"
    private var steps: [any Step] {
        let owner = OwnerName(user: "cspm", group: "cspm")
        return [
            AccountStep("cspm", home: data), HandOverStep(data, to: owner),
            DirectoryStep([.init(data, mode: FilePermissions(rawValue: 0o750), owner: owner)]),
        ]
    }

    /// A host with an account of number 997 and its data; then the account is gone.
    private func host() async throws -> FakeHost {
        let host = FakeHost.bare(FakeHost.debian12)
        try await host.machine.createGroup("cspm", number: 996)
        try await host.machine.createUser(UserRequest(name: "cspm", group: "cspm", home: data.string, number: 997))
        _ = try await engine(host).run(steps)
        host.disk.plant(data.appending("scan/report.json"), "{}")
        for name in ["scan", "scan/report.json"] {
            try host.disk.setOwner(data.appending(name), Owner(user: 997, group: 996))
        }
        try await host.machine.removeUser("cspm")
        try await host.machine.removeGroup("cspm")
        return host
    }

    private func engine(_ host: FakeHost) -> Engine { Engine(host: host, layout: Layout()) }

    private func owners(_ host: FakeHost) throws -> [Owner?] {
        try ["", "scan", "scan/report.json"].map { try host.files.status(data.appending($0))?.owner }
    }

    private func sentences(_ steps: [PlannedStep]) -> [String] { steps.flatMap(\.changes).map(\.sentence) }

    @Test("an account that comes back has its old numbers, and its data are its own")
    func oldNumbers() async throws {
        let host = try await host()
        let planned = try await engine(host).plan(steps)
        #expect(
            sentences(planned) == [
                "create the system group cspm, again as number 996", "create the system user cspm, again as number 997",
            ])
        #expect(try await engine(host).run(steps) == planned)
        #expect(try host.accounts.user(named: "cspm") == Account(name: "cspm", user: 997, group: 996))
        #expect(try await engine(host).run(steps).isEmpty)
    }

    @Test("where somebody else has its old number, it gets another one and all of its data with it")
    func takenNumber() async throws {
        let host = try await host()
        try await host.machine.createUser(UserRequest(name: "alice", group: "alice", home: "/home/alice", number: 997))
        let planned = try await engine(host).plan(steps)
        #expect(
            sentences(planned) == [
                "create the system group cspm, again as number 996", "create the system user cspm",
                "hand what belongs to number 997 in /var/lib/bedplate/data to cspm:cspm",
            ])
        #expect(try await engine(host).run(steps) == planned)
        let account = try #require(try host.accounts.user(named: "cspm"))
        #expect(account.user != 997)
        let wanted = Owner(user: account.user, group: 996)
        #expect(try owners(host) == [wanted, wanted, wanted])
        #expect(try await engine(host).run(steps).isEmpty)
    }

    @Test("where another group has its old number, the user keeps its own and the data go to the new group")
    func takenGroup() async throws {
        let host = try await host()
        try await host.machine.createGroup("guests", number: 996)
        // A file of somebody in that group, which is theirs.
        try await host.machine.createUser(
            UserRequest(name: "alice", group: "guests", home: "/home/alice", number: 1001))
        host.disk.plant(data.appending("alice's"), "")
        try host.disk.setOwner(data.appending("alice's"), Owner(user: 1001, group: 996))
        let planned = try await engine(host).plan(steps)
        #expect(
            sentences(planned) == [
                "create the system group cspm", "create the system user cspm, again as number 997",
                "hand what belongs to group 996 in /var/lib/bedplate/data to cspm:cspm",
            ])
        #expect(try await engine(host).run(steps) == planned)
        let group = try #require(try host.accounts.group(named: "cspm"))
        #expect(group != 996)
        let wanted = Owner(user: 997, group: group)
        #expect(try owners(host) == [wanted, wanted, wanted])
        #expect(try host.files.status(data.appending("alice's"))?.owner == Owner(user: 1001, group: 996))
        #expect(try await engine(host).run(steps).isEmpty)
    }

    @Test("what belongs to a number that nobody has is found below the folder, and another account's is left alone")
    func strays() async throws {
        let host = try await host()
        _ = try await engine(host).run(steps)
        try await host.machine.createUser(UserRequest(name: "engine", group: "engine", home: "/", number: 600))
        host.disk.plant(data.appending("stray"), "")
        host.disk.plant(data.appending("engine's"), "")
        try host.disk.setOwner(data.appending("stray"), Owner(user: 4711, group: 4711))
        try host.disk.setOwner(data.appending("engine's"), Owner(user: 600, group: 600))
        #expect(
            sentences(try await engine(host).run(steps)) == [
                "hand what belongs to number 4711 in /var/lib/bedplate/data to cspm:cspm"
            ])
        #expect(try host.files.status(data.appending("stray"))?.owner == Owner(user: 997, group: 996))
        #expect(try host.files.status(data.appending("engine's"))?.owner == Owner(user: 600, group: 600))
    }

    @Test("a run that is stopped anywhere hands over the rest on the next one")
    func everyPowerCut() async throws {
        let whole = try await host()
        try await whole.machine.createUser(UserRequest(name: "alice", group: "alice", home: "/", number: 997))
        let before = whole.faults.count
        _ = try await engine(whole).run(steps)
        for cut in 0..<(whole.faults.count - before) {
            let host = try await host()
            try await host.machine.createUser(UserRequest(name: "alice", group: "alice", home: "/", number: 997))
            host.faults.cutPower(after: cut)
            await #expect(throws: (any Error).self) { try await engine(host).run(steps) }
            host.faults.restorePower()
            host.disk.letGoOfAll()
            _ = try await engine(host).run(steps)
            #expect(try owners(host) == owners(whole), "cut after \(cut)")
        }
    }
}
