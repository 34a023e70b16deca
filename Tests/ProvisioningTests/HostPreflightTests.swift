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

    private func obstacles(_ host: FakeHost, _ profile: Profile) async throws -> [Preflight.Finding] {
        try await findings(host, profile).filter { !$0.isWarning }
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

    /// One thing that is wrong with a host, and what is said of it.
    struct Obstacle: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sentence: String
        var next: String?
        let make: @Sendable (FakeHost) -> Void

        init(_ name: String, _ sentence: String, next: String?, _ make: @escaping @Sendable (FakeHost) -> Void) {
            testDescription = name
            self.sentence = sentence
            self.next = next
            self.make = make
        }

        private static func hardware(
            _ architecture: String = "x86_64", kernel: String = "6.1.0", memory: Int64 = 4 << 30,
            flags: Set<String> = ["avx"]
        ) -> @Sendable (FakeHost) -> Void {
            let hardware = Hardware(architecture: architecture, kernel: kernel, memory: memory, processorFlags: flags)
            return { $0.machine.setHardware(hardware) }
        }

        static let all: [Obstacle] = [
            .init("no root", "only root can install", next: "sudo bedplate install") {
                $0.machine.setUsers([Account(name: "alice", user: 1000, group: 1000)])
            },
            .init(
                "architecture", "the architecture riscv64 is not supported", next: "use x86_64 or aarch64",
                hardware("riscv64")),
            .init(
                "AVX", "the processor has no AVX, without which MongoDB 7 does not start",
                next: "use a processor with AVX, or let the virtual machine see the host's", hardware(flags: ["sse"])),
            .init("kernel", "the kernel 5.3.18 is too old", next: "boot 5.4 or later", hardware(kernel: "5.3.18")),
            .init(
                "memory", "there is less memory (1800 MiB) than it takes (2GiB)", next: "add memory",
                hardware(memory: 1800 << 20)),
            .init(
                "disk",
                "there are 1024 MiB free for /usr, /var/cache/apt, /var/lib, /tmp, on the file system at /, "
                    + "and it takes 5184 MiB",
                next: "make room on /"
            ) { $0.machine.setSpace(Space(device: 1, available: 1 << 30)) },
            .init(
                "a port of the application", "port 8001, for api@blue, is taken by process 8 (python3)",
                next: "stop it, or choose another port"
            ) { $0.machine.setListeners([8001: PortHolder(pid: 8, command: "python3")]) },
            .init(
                "the front door's port", "port 8080, for the front door, is taken by process 9 (apache2)",
                next: "stop it, or choose another port"
            ) { $0.machine.setListeners([8080: PortHolder(pid: 9, command: "apache2")]) },
            .init(
                "Redis' port", "port 6379, for Redis, is taken by a process of another user",
                next: "stop it, or choose another port"
            ) { $0.machine.setListeners([6379: PortHolder(pid: nil, command: nil)]) },
            .init(
                "a conflicting package", "Debian's MongoDB is installed, and mongodb-org cannot be beside it",
                next: "remove mongodb"
            ) { $0.machine.setPackages(["mongodb": "3.2"]) },
            .init(
                "a repository of the distribution",
                "a repository of this host cannot be had: "
                    + "\(HostError.notFetched(address: "http://gone/InRelease", why: "the test has no such download"))",
                next: "see /etc/apt/sources.list.d and the network"
            ) { $0.machine.setIndexes(["http://gone/InRelease"]) },
            .init(
                "no sources", "apt has no sources on this host", next: "see /etc/apt/sources.list.d and the network"
            ) { $0.machine.setIndexes([]) },
            .init(
                "a strange key",
                "the key of mongodb at https://www.mongodb.org/static/pgp/server-7.0.asc is no OpenPGP key",
                next: "see 'mirrors' and upstreams.mongodb in the profile"
            ) {
                $0.machine.setDownload("https://www.mongodb.org/static/pgp/server-7.0.asc", Array("<html>".utf8))
            },
        ]
    }

    @Test("each thing that is in the way is said with what to do about it, and alone", arguments: Obstacle.all)
    func eachObstacle(obstacle: Obstacle) async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        obstacle.make(host)
        let found = try await obstacles(host, profile)
        #expect(found.map(\.sentence) == [obstacle.sentence])
        #expect(found.first?.next == obstacle.next)
        #expect(host.faults.count == 0)
    }

    @Test("a host that systemd did not boot is refused")
    func noSystemd() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        host.machine.forgetUnits()
        #expect(try await obstacles(host, profile).map(\.sentence) == ["systemd does not run here"])
    }

    @Test("file systems are counted each on its own, and named by where they are mounted")
    func disks() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        host.machine.setSpace(Space(device: 2, available: 100 << 20, mount: "/var"), at: "/var/cache/apt")
        host.machine.setSpace(Space(device: 2, available: 100 << 20, mount: "/var"), at: "/var/lib")
        host.machine.setSpace(Space(device: 3, available: 1 << 30, mount: "/tmp", takesFiles: false), at: "/tmp")
        let found = try await obstacles(host, profile)
        #expect(
            found.map(\.sentence) == [
                "there are 100 MiB free for /var/cache/apt, /var/lib, on the file system at /var, and it takes 3072 MiB",
                "there are 1024 MiB and no inode free for /tmp, on the file system at /tmp, and it takes 64 MiB",
            ])
        #expect(found.map(\.next) == ["make room on /var", "make room on /tmp"])
    }

    @Test("a server that a killed run installed and started is ours, though its package is half configured")
    func halfConfigured() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        let half = PackageRecord(version: "1", state: .unfinished)
        host.machine.setPackages(PackageDatabase(records: ["nginx": half, "redis-server": half]))
        host.machine.setListeners([
            80: PortHolder(pid: 7, command: "nginx"), 6379: PortHolder(pid: 8, command: "redis-server"),
        ])
        #expect(try await obstacles(host, profile).isEmpty)
        let said = try await findings(host, profile).map(\.sentence)
        #expect(
            said.contains(
                "dpkg left half done: nginx, redis-server; it is finished first, as by dpkg --configure -a"))
    }

    @Test("a repository whose signature is in a file of its own is reachable, too")
    func detachedSignature() async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        host.machine.setIndexes(["file:/srv/own/InRelease"])
        host.machine.setDownload("file:/srv/own/Release", Array("Origin: us".utf8))
        #expect(try await obstacles(host, profile).isEmpty)
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
