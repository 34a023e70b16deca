import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// Looks at a host before anything is changed: everything that stands in the way, all of it at once. It only reads.
package struct HostPreflight: Sendable {
    let profile: Profile
    let layout: Layout
    private let ports: [Preflight.PortNeed]
    private let ours: Set<Int32>

    /// `ours`: processes of our own stack, which may hold our ports.
    package init(_ profile: Profile, layout: Layout, ports: [Preflight.PortNeed], ours: Set<Int32> = []) {
        self.profile = profile
        self.layout = layout
        self.ports = ports
        self.ours = ours
    }

    package func check(_ host: any Host) async throws -> [Preflight.Finding] {
        let release = try host.system.osRelease()
        let name = release["PRETTY_NAME"] ?? release["ID"] ?? "this system"
        // Everything else would be guesswork on a system that we do not know.
        guard let distribution = Distribution(release) else {
            return [.init("\(name) is not supported", next: "use \(Distribution.supported)")]
        }
        let hardware = try host.system.hardware()
        let database = try host.packages.database()
        var findings = try machine(host, hardware)
        findings += try packages(host, database)
        findings += try services(host, database)
        findings += clock(host, release)
        findings += endOfLife(host)
        findings += try notes(host)
        findings += try await elsewhere(host, distribution)
        return findings
    }

    // MARK: The machine

    private func machine(_ host: any Host, _ hardware: Hardware) throws -> [Preflight.Finding] {
        var findings: [Preflight.Finding] = []
        if try host.accounts.current().user != 0 {
            findings.append(.init("only root can install", next: "sudo bedplate install"))
        }
        if !host.units.isRunning {
            findings.append(.init("systemd does not run here", next: "use a host, or a container that boots systemd"))
        }
        if !["x86_64", "aarch64"].contains(hardware.architecture) {
            findings.append(
                .init("the architecture \(hardware.architecture) is not supported", next: "use x86_64 or aarch64"))
        }
        if profile.services.store == .mongodb, hardware.architecture == "x86_64",
            !hardware.processorFlags.contains("avx")
        {
            findings.append(
                .init(
                    "the processor has no AVX, without which MongoDB 7 does not start",
                    next: "use a processor with AVX, or let the virtual machine see the host's"))
        }
        // pidfds through clone and poll: 5.4.
        let kernel = hardware.kernel.split(separator: ".").prefix(2).compactMap { Int($0.prefix { $0.isNumber }) }
        if let major = kernel.first, let minor = kernel.last, (major, minor) < (5, 4) {
            findings.append(.init("the kernel \(hardware.kernel) is too old", next: "boot 5.4 or later"))
        }
        let memory = profile.services.store == .mongodb ? ByteCount(bytes: 2 << 30) : ByteCount(bytes: 1 << 30)
        // A machine of two gigabytes shows somewhat less.
        if hardware.memory < memory.bytes * 9 / 10 {
            findings.append(
                .init(
                    "there is less memory (\(hardware.memory >> 20) MiB) than it takes (\(memory))", next: "add memory")
            )
        }
        return findings + (try disks(host))
    }

    /// What goes where on a first installation; on one file system the needs add up.
    private func disks(_ host: any Host) throws -> [Preflight.Finding] {
        guard try host.files.status(layout.stack) == nil else { return [] }
        let needs: [(path: FilePath, bytes: Int64)] = [
            ("/usr", 2 << 30), ("/var/cache/apt", 1 << 30), ("/var/lib", 2 << 30), ("/tmp", 64 << 20),
        ]
        var groups: [(space: Space, paths: [FilePath], bytes: Int64)] = []
        for need in needs {
            let space = try host.system.space(at: need.path)
            if let index = groups.firstIndex(where: { $0.space.device == space.device }) {
                groups[index].paths.append(need.path)
                groups[index].bytes += need.bytes
            } else {
                groups.append((space, [need.path], need.bytes))
            }
        }
        return groups.filter { $0.space.available < $0.bytes }.map { group in
            .init(
                "there are \(group.space.available >> 20) MiB free for "
                    + group.paths.map(\.string).joined(separator: ", ") + ", and it takes \(group.bytes >> 20) MiB",
                next: "make room")
        }
    }

    /// A clock that is far off makes every signature and certificate look wrong.
    private func clock(_ host: any Host, _ release: [String: String]) -> [Preflight.Finding] {
        // 2026-01-01, before this release was made.
        guard host.wallTime() < 1_767_225_600_000 else { return [] }
        return [.init("the clock is wrong: it is before 2026", next: "set it, as with timedatectl set-ntp true")]
    }

    // MARK: Packages

    private func packages(_ host: any Host, _ database: PackageDatabase) throws -> [Preflight.Finding] {
        var findings: [Preflight.Finding] = []
        let unfinished = database.unfinished
        if !unfinished.isEmpty {
            findings.append(
                .warning("dpkg left half done: \(unfinished.joined(separator: ", ")); it is finished first"))
        }
        for holder in try host.packages.lockHolders() {
            findings.append(.warning("\(holder.sentence); it is waited for"))
        }
        return findings
    }

    // MARK: Services

    private func services(_ host: any Host, _ database: PackageDatabase) throws -> [Preflight.Finding] {
        var findings = try ports.compactMap { try portFinding($0, host) }
        var own: [(port: Int, purpose: String, command: String, package: String)] = []
        if profile.services.queue == .redis {
            own.append((HostGraph.redisPort, "Redis", "redis-server", "redis-server"))
        }
        if profile.services.store == .mongodb {
            own.append((HostGraph.mongoPort, "MongoDB", "mongod", "mongodb-org-server"))
        }
        if profile.frontDoor.manager == .systemd {
            own.append((profile.frontDoor.port.number, "the front door", "nginx", "nginx"))
            // nginx's package starts it with its welcome page.
            if !database.has("nginx"), profile.frontDoor.port.number != 80 {
                own.append((80, "nginx's own first start", "nginx", "nginx"))
            }
        }
        for need in own {
            guard let holder = try host.network.listener(on: need.port) else { continue }
            if holder.command == need.command, database.has(need.package) { continue }
            findings.append(taken(need.port, need.purpose, holder))
        }
        for (package, service) in [("mongodb", "Debian's MongoDB"), ("mongodb-server", "Debian's MongoDB")]
        where profile.services.store == .mongodb && database.version(of: package) != nil {
            findings.append(
                .init("\(service) is installed, and mongodb-org cannot be beside it", next: "remove \(package)"))
        }
        return findings
    }

    private func portFinding(_ need: Preflight.PortNeed, _ host: any Host) throws -> Preflight.Finding? {
        guard let holder = try host.network.listener(on: need.port) else { return nil }
        if let pid = holder.pid, ours.contains(pid) { return nil }
        return taken(need.port, need.purpose, holder)
    }

    private func taken(_ port: Int, _ purpose: String, _ holder: PortHolder) -> Preflight.Finding {
        .init(
            "port \(port), for \(purpose), is taken by \(holder.sentence)", next: "stop it, or choose another port")
    }

    private func endOfLife(_ host: any Host) -> [Preflight.Finding] {
        // Product, series, the last day in milliseconds since 1970 and in words (endoflife.date).
        let known: [(product: String, series: String, wanted: String?, end: Int64, words: String)] = [
            ("Node", "20", profile.runtimes.node?.version, 1_777_507_200_000, "2026-04-30"),
            ("MongoDB", "7.0", profile.services.store == .mongodb ? "7.0" : nil, 1_819_670_400_000, "2027-08-31"),
            ("Python", "3.12", profile.runtimes.python?.version, 1_856_563_200_000, "2028-10-31"),
        ]
        return known.filter { $0.wanted == $0.series && host.wallTime() > $0.end }.map {
            .warning(
                "\($0.product) \($0.series) got its last security update on \($0.words); it is installed because the profile asks"
            )
        }
    }
}
