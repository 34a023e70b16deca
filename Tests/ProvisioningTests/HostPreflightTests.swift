import CoreTypes
import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage
import Testing

@Suite struct HostPreflightTests {
    private let ports: [Preflight.PortNeed] = [.init(8001, for: "api@blue")]

    private func findings(_ host: FakeHost, _ profile: Profile) async throws -> [Preflight.Finding] {
        try await HostPreflight(profile, layout: Layout(), ports: ports).check(host)
    }

    @Test("a fresh host has nothing in the way, but is told that Node 20 gets no updates any more")
    func fresh() async throws {
        let profile = try ShippedProfile.load()
        for release in [FakeHost.debian12, FakeHost.ubuntu2404] {
            let host = try ShippedProfile.host(release, profile)
            host.manualClock.advance(by: .seconds(200 * 86_400))
            let found = try await findings(host, profile)
            #expect(
                found.map(\.sentence) == [
                    "Node 20 got its last security update on 2026-04-30; it is installed because the profile asks",
                    "Docker is not here: containers are not scanned",
                ])
            let isOnlyWarned = found.allSatisfy { $0.isWarning }
            #expect(isOnlyWarned)
        }
    }

    @Test("all that is wrong is found at once, and nothing is changed")
    func everything() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        host.machine.setUsers([Account(name: "alice", user: 1000, group: 1000)])
        host.machine.setHardware(
            Hardware(architecture: "x86_64", kernel: "4.19.0-27-amd64", memory: 512 << 20, processorFlags: ["sse"]))
        host.machine.setSpace(Space(device: 1, available: 1 << 30))
        host.machine.setListeners([
            27017: PortHolder(pid: 7, command: "mongod"), 8001: PortHolder(pid: 8, command: "python3"),
            80: PortHolder(pid: 9, command: "apache2"),
        ])
        host.machine.setPackages(
            PackageDatabase(records: [
                "mongodb-server": PackageRecord(version: "3.2"),
                "half": PackageRecord(version: "1", state: .unfinished),
            ]))
        host.machine.setLockHolders([.init(file: "/var/lib/apt/lists/lock", pid: 12, command: "apt-get")])
        host.machine.setDownload("https://www.mongodb.org/static/pgp/server-7.0.asc", Array(SampleKeys.expired.utf8))
        host.machine.setDownload(
            "https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key", Array("<html>".utf8))
        let before = host.disk.snapshot
        let found = try await findings(host, profile)
        for part in [
            "only root can install", "no AVX", "the kernel 4.19.0-27-amd64 is too old", "less memory (512 MiB)",
            "MiB free for /usr, /var/cache/apt, /var/lib, /tmp", "dpkg left half done: half",
            "/var/lib/apt/lists/lock is held by process 12 (apt-get)",
            "port 8001, for api@blue, is taken by process 8 (python3)",
            "port 27017, for MongoDB, is taken by process 7 (mongod)", "port 80, for nginx's own first start",
            "Debian's MongoDB is installed", "the key of mongodb", "the key of node", "is no OpenPGP key",
        ] { #expect(found.contains { $0.sentence.contains(part) }, "\(part)") }
        #expect(host.disk.snapshot == before)
        #expect(host.faults.count == 0)
    }

    @Test("a system that is neither Ubuntu 24.04 nor Debian 12 is refused with what is supported")
    func wrongDistribution() async throws {
        let profile = try ShippedProfile.load()
        let host = FakeHost.bare(["ID": "debian", "VERSION_ID": "13", "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)"])
        let found = try await findings(host, profile)
        #expect(found.map(\.sentence) == ["Debian GNU/Linux 13 (trixie) is not supported"])
        #expect(found.first?.next == "use Ubuntu 24.04 and Debian 12")
    }

    @Test("a repository that cannot be reached is named, and a mirror is what is asked")
    func unreachable() async throws {
        let profile = try ShippedProfile.load(
            "mirrors=[{from: 'https://deb.nodesource.com', to: 'file:/srv/mirror/node'}]")
        let host = FakeHost.bare(FakeHost.debian12)
        let found = try await findings(host, profile).map(\.sentence)
        #expect(
            found.contains {
                $0.contains(
                    "the repository of node cannot be had: file:/srv/mirror/node/node_20.x/dists/nodistro/InRelease")
            })
        #expect(found.contains { $0.contains("the repository of mongodb cannot be had: https://repo.mongodb.org") })
    }
}
