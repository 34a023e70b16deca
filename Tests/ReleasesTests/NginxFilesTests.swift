import CoreTypes
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

/// What nginx finds when it reads its files while they are being written. Whether it accepts them is in NginxRuntimeTests.
@Suite struct NginxFilesTests {
    @Test(
        "live.conf has all that the site asks for after each operation of a switch, also where an earlier release wrote both",
        arguments: [false, true], [nil, 10])
    func fits(isEarlier: Bool, share: Int?) throws {
        let whole = try world(isEarlier)
        let before = whole.faults.count
        try program(whole).write(live: .green, share: share)
        let operations = whole.faults.count - before
        #expect(operations > 0)
        #expect(try missing(in: whole).isEmpty)
        for cut in 0..<operations {
            let world = try world(isEarlier)
            world.faults.cutPower(after: cut)
            #expect(throws: (any Error).self) { try program(world).write(live: .green, share: share) }
            world.faults.restorePower()
            #expect(try missing(in: world) == [], "cut after \(cut)")
        }
    }

    private func program(_ world: SwitchWorld) -> NginxProgram {
        NginxProgram(host: world.host, layout: world.layout, profile: world.profile)
    }

    private func world(_ isEarlier: Bool) throws -> SwitchWorld {
        let world = try SwitchWorld()
        guard isEarlier else { return world }
        // 0.2.0 and before knew slots by their names only, and a variable for each.
        let site = try #require(world.host.disk.text(world.layout.site))
        world.host.disk.plant(world.layout.site, site.replacing("_live;", with: "_$bedplate_chosen;"))
        let live = try #require(world.host.disk.text(world.layout.live))
        let earlier = live.replacing(/upstream bedplate_\w+_(live|idle) \{[^}]*\}\n/, with: "")
        #expect(earlier != live)
        world.host.disk.plant(world.layout.live, earlier)
        #expect(try missing(in: world).isEmpty)
        return world
    }

    /// The upstreams that the site asks for and nobody defines.
    private func missing(in world: SwitchWorld) throws -> Set<String> {
        let site = try #require(world.host.disk.text(world.layout.site))
        let live = try #require(world.host.disk.text(world.layout.live))
        let asked = site.matches(of: /proxy_pass http:\/\/(\S+);/).flatMap { match -> [String] in
            let name = String(match.1)
            guard name.contains("$bedplate_chosen") else { return [name] }
            return Slot.allCases.map { name.replacing("$bedplate_chosen", with: $0.rawValue) }
        }
        #expect(!asked.isEmpty)
        return Set(asked).subtracting(live.matches(of: /upstream (\S+) \{/).map { String($0.1) })
    }
}
