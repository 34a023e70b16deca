import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

@Suite struct AccountListsTests {
    private let host: FakeHost = .bare(FakeHost.debian12)
    private let steps: [any Step] = [AccountListsStep(of: ["cspm", "redis"])]
    private var engine: Engine { Engine(host: host, layout: Layout()) }

    @Test(
        "what a killed tool left of our accounts is a difference, which is mended, and another's account is left alone")
    func mended() async throws {
        host.machine.setAccountFaults([
            .remnant(path: "/etc/group.lock"), .group("redis"), .group("alice"), .user("cspm"),
        ])
        let planned = try await engine.plan(steps)
        #expect(
            planned.flatMap(\.changes).map(\.sentence) == [
                "remove /etc/group.lock, which a tool that was killed has left",
                "complete the group redis, which is missing in /etc/gshadow",
                "complete the user cspm, who is missing in /etc/shadow",
            ])
        #expect(try await engine.run(steps) == planned)
        #expect(try await host.accounts.faults(of: ["alice", "cspm", "redis"]) == [.group("alice")])
        #expect(try await engine.run(steps).isEmpty)
    }

    @Test("an installation looks after the accounts that it makes and those that its packages bring")
    func whose() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        let graph = try ShippedProfile.graph(profile, FakeHost.debian12)
        let names = ["bedplate", "cspm", "mongodb", "redis"]
        _ = try await Engine(host: host, layout: Layout()).run(graph)
        host.machine.setAccountFaults((names + ["alice"]).map(AccountFault.group))
        let made = try await Engine(host: host, layout: Layout()).run(graph)
        #expect(made.map(\.step) == ["lists of accounts"])
        #expect(
            made.flatMap(\.changes).map(\.sentence)
                == names.map { "complete the group \($0), which is missing in /etc/gshadow" })
    }
}
