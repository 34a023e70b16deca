import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage
import Testing

/// What is on a host already, and in the way of what we install.
@Suite struct PreflightServicesTests {
    private func findings(
        _ settings: [String] = [], _ prepare: (FakeHost) throws -> Void
    ) async throws -> [Preflight.Finding] {
        let profile = try ShippedProfile.load(settings)
        let host = try ShippedProfile.host(FakeHost.debian12, profile)
        try prepare(host)
        let found = try await HostPreflight(profile, layout: Layout(), ports: [.init(8001, for: "api@blue")]).check(
            host)
        #expect(host.faults.count == 0)
        // These two are said of each of these hosts.
        return found.filter { !$0.sentence.hasPrefix("Docker is not here") && !$0.sentence.hasPrefix("Node 20") }
    }

    private let https = ["front_door.listen=0.0.0.0:443", "front_door.tls={domain: scans.example.org}"]

    @Test("a web server that starts with the machine is in the way where it would take a port of the front door")
    func webServer() async throws {
        let enabled: (FakeHost) -> Void = {
            $0.machine.setUnits([
                "apache2.service": UnitState(load: "loaded", active: "inactive", enablement: "enabled"),
                "caddy.service": UnitState(load: "loaded", active: "inactive", enablement: "disabled"),
            ])
        }
        let found = try await findings(https, enabled)
        #expect(
            found.map(\.sentence) == ["apache2.service starts with the machine, and may then take port 80 from ours"])
        #expect(found.map(\.next) == ["systemctl disable --now apache2.service"])
        // On its own ports nobody minds it.
        #expect(try await findings([], enabled).isEmpty)
    }

    @Test("one that runs is named by the port it has, once")
    func running() async throws {
        let found = try await findings(https) {
            $0.machine.setUnits([
                "apache2.service": UnitState(load: "loaded", active: "active", enablement: "enabled")
            ])
            $0.machine.setListeners([
                80: PortHolder(pid: 9, command: "apache2"), 443: PortHolder(pid: 9, command: "apache2"),
            ])
        }
        #expect(
            found.map(\.sentence) == [
                "port 80, for plain HTTP beside the front door, is taken by process 9 (apache2)",
                "port 443, for the front door, is taken by process 9 (apache2)",
            ])
    }

    @Test("a Redis of a snap that starts with the machine is in the way")
    func snap() async throws {
        let found = try await findings {
            $0.machine.setUnits([
                "snap.redis.server.service": UnitState(load: "loaded", active: "inactive", enablement: "enabled")
            ])
        }
        #expect(
            found.map(\.sentence) == [
                "snap.redis.server.service starts with the machine, and may then take port 6379 from ours"
            ])
    }

    @Test("a port that Docker leads to a container without a listener is named with that container, while Docker runs")
    func dockerTables() async throws {
        func prepare(_ host: FakeHost, active: String) {
            host.machine.setUnits(["docker.service": UnitState(load: "loaded", active: active, enablement: "enabled")])
            host.machine.setListeners([8001: PortHolder(pid: 4, command: "docker-proxy")])
            host.machine.setPublished([8001: "api", 6379: "cache", 9999: "other"])
        }
        let found = try await findings { prepare($0, active: "active") }
        #expect(
            found.map(\.sentence) == [
                "port 8001, for api@blue, is taken by process 4 (docker-proxy)",
                "port 6379, for Redis, is led by Docker to its container cache",
            ])
        #expect(found.last?.next == "docker stop cache, or choose another port")
        // One that waits for its socket is not started by a question.
        #expect(try await findings { prepare($0, active: "inactive") }.count == 1)
        let silent = try await findings {
            prepare($0, active: "active")
            $0.machine.forgetPublished()
        }
        #expect(
            silent.last?.isWarning == true && silent.last?.sentence.hasPrefix("Docker does not say which ports") == true
        )
    }

    @Test("a port that Docker publishes is named with how to find the container")
    func docker() async throws {
        let found = try await findings {
            $0.machine.setListeners([8001: PortHolder(pid: 4, command: "docker-proxy")])
        }
        #expect(found.map(\.sentence) == ["port 8001, for api@blue, is taken by process 4 (docker-proxy)"])
        #expect(
            found.map(\.next) == [
                "stop the container that docker ps --filter publish=8001 names, or choose another port"
            ])
    }

    /// A package that is here, what is said of it, and whether it is in the way.
    struct Package: Sendable, CustomTestStringConvertible {
        let name: String
        let version: String
        let sentence: String?
        var isInTheWay = true
        var testDescription: String { "\(name) \(version)" }

        static let all: [Package] = [
            .init(
                name: "mongodb-server-core", version: "1:3.6.9",
                sentence: "Debian's MongoDB is installed, and mongodb-org cannot be beside it"),
            .init(
                name: "percona-server-mongodb-server", version: "7.0.14",
                sentence: "Percona's MongoDB is installed, and mongodb-org cannot be beside it"),
            .init(
                name: "mongodb-org-server", version: "8.0.4",
                sentence: "mongodb-org-server 8.0.4 is installed, and the profile asks for 7.0"),
            .init(name: "mongodb-org-server", version: "7.0.26", sentence: nil),
            .init(name: "mongodb-org-server", version: "6.0.19", sentence: nil),
            .init(
                name: "nodejs", version: "22.21.0-1nodesource1",
                sentence: "nodejs 22.21.0-1nodesource1 is installed, and the profile asks for 20"),
            .init(name: "nodejs", version: "18.19.0+dfsg-6~deb12u2", sentence: nil),
            .init(
                name: "redis-server", version: "6:8.0.2-1rl1~bookworm1",
                sentence: "redis-server 6:8.0.2-1rl1~bookworm1 is installed, which is no Redis 7; it is used as it is",
                isInTheWay: false),
            .init(name: "redis-server", version: "5:7.0.15-1~deb12u1", sentence: nil),
        ]
    }

    @Test(
        "a package of somebody else's, or of a series that there is no way back from, is said",
        arguments: Package.all)
    func packages(package: Package) async throws {
        let found = try await findings { $0.machine.setPackages([package.name: package.version]) }
        #expect(found.map(\.sentence) == (package.sentence.map { [$0] } ?? []))
        #expect(found.map(\.isWarning) == (package.sentence == nil ? [] : [!package.isInTheWay]))
    }

    @Test("a site that is nginx's default server on the front door's port is in the way, and one beside it is said")
    func sites() async throws {
        let found = try await findings {
            $0.machine.setPackages(["nginx": "1.22.1"])
            $0.disk.plant(
                "/etc/nginx/sites-enabled/shop",
                "server {\n    listen 8080 default_server;\n    listen [::]:8080;\n    root /srv;\n}\n")
            $0.disk.plant("/etc/nginx/conf.d/blog.conf", "server {\n\tlisten 127.0.0.1:8080;\n}\n")
            $0.disk.plant("/etc/nginx/conf.d/off.conf.disabled", "server { listen 8080 default_server; }\n")
            $0.disk.plant(
                "/etc/nginx/conf.d/else.conf", "server {\n  listen 80;\n listen unix:/run/x;\n # listen 8080;\n}\n")
        }
        #expect(
            found.map(\.sentence) == [
                "/etc/nginx/conf.d/blog.conf shares port 8080 with the front door: it answers to its own names only",
                "/etc/nginx/sites-enabled/shop is nginx's default server on port 8080, which is for the front door",
            ])
        #expect(found.map(\.isWarning) == [true, false])
    }

    @Test("that the site of an nginx from before is switched off is said before it is done")
    func welcome() async throws {
        let found = try await findings {
            $0.machine.setPackages(["nginx": "1.22.1"])
            $0.disk.plant("/etc/nginx/sites-enabled/default", "server {\n listen 80 default_server;\n}\n")
        }
        #expect(
            found.map(\.sentence) == ["/etc/nginx/sites-enabled/default is switched off; uninstall brings it back"])
    }

    @Test("packages whose needs are not met are in the way, as apt would install nothing beside them")
    func unmet() async throws {
        let found = try await findings {
            $0.machine.setHealth(PackageHealth(complaints: ["nginx : Depends: nginx-common but it is not installed"]))
        }
        #expect(
            found.map(\.sentence) == [
                "packages of this host lack what they need: nginx : Depends: nginx-common but it is not installed"
            ])
        #expect(found.map(\.next) == ["apt-get --fix-broken install"])
    }

    @Test("what dpkg left half done is said with each package's condition and how it is finished")
    func audit() async throws {
        let found = try await findings {
            var database = PackageDatabase(records: ["dpkg": PackageRecord(version: "1.21.22")])
            var half = PackageRecord(version: "1", state: .unfinished)
            half.condition = "half-configured"
            database.records["nginx"] = half
            half.condition = "half-installed, reinst-required"
            database.records["redis-server"] = half
            database.torn = ["redis-server"]
            $0.machine.setPackages(database)
        }
        #expect(
            found.map(\.sentence) == [
                "dpkg left half done: nginx (half-configured), redis-server (half-installed, reinst-required); it is "
                    + "finished first, as by dpkg --configure -a and apt-get install --reinstall redis-server"
            ])
    }
}
