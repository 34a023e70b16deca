import Host
import Profiles
import SystemPackage

/// What runs here, or would run after the next boot, and is in the way of what we install.
extension HostPreflight {
    func services(_ host: any Host, _ database: PackageDatabase) async throws -> [Preflight.Finding] {
        var findings = try ports.compactMap { try portFinding($0, host) }
        for need in ownPorts(database) {
            guard let holder = try host.network.listener(on: need.port) else { continue }
            if holder.command == need.command, database.has(need.package) { continue }
            findings.append(taken(need.port, need.purpose, holder))
        }
        findings += try await published(database, host)
        findings += rivalPackages(database)
        // Afterwards the stack itself shows who has its ports.
        guard try host.files.status(layout.stack) == nil else { return findings }
        return try findings + rivalUnits(host) + nginxSites(host)
    }

    // MARK: Ports

    private struct OwnPort {
        let port: Int
        let purpose: String
        /// Who may have it: a server that a package of ours has started.
        let command: String
        let package: String
    }

    /// Ports of the servers that are installed besides the application.
    private func ownPorts(_ database: PackageDatabase) -> [OwnPort] {
        var own: [OwnPort] = []
        if profile.services.queue == .redis {
            own.append(
                OwnPort(port: HostGraph.redisPort, purpose: "Redis", command: "redis-server", package: "redis-server"))
        }
        if profile.services.store == .mongodb {
            own.append(
                OwnPort(port: HostGraph.mongoPort, purpose: "MongoDB", command: "mongod", package: "mongodb-org-server")
            )
        }
        own += frontDoorPorts.map { OwnPort(port: $0.key, purpose: $0.value, command: "nginx", package: "nginx") }
            .sorted { $0.port < $1.port }
        // nginx's package starts it with its welcome page.
        if profile.frontDoor.manager == .systemd, !database.has("nginx"), frontDoorPorts[80] == nil {
            own.append(OwnPort(port: 80, purpose: "nginx's own first start", command: "nginx", package: "nginx"))
        }
        return own
    }

    /// Purpose by port, of all that nginx listens on for us.
    private var frontDoorPorts: [Int: String] {
        guard profile.frontDoor.manager == .systemd else { return [:] }
        var ports: [Int: String] = [:]
        if let preview = profile.frontDoor.preview { ports[preview.port.number] = "the preview of the idle slot" }
        if let tls = profile.frontDoor.tls { ports[tls.plainPort.number] = "plain HTTP beside the front door" }
        ports[profile.frontDoor.port.number] = "the front door"
        return ports
    }

    private func portFinding(_ need: Preflight.PortNeed, _ host: any Host) throws -> Preflight.Finding? {
        guard let holder = try host.network.listener(on: need.port) else { return nil }
        if let pid = holder.pid, ours.contains(pid) { return nil }
        return taken(need.port, need.purpose, holder)
    }

    /// What Docker takes away before anybody who listens would see it.
    private func published(_ database: PackageDatabase, _ host: any Host) async throws -> [Preflight.Finding] {
        let unit = "docker.service"
        guard host.units.isRunning, try host.units.states([unit])[unit]?.active == "active" else { return [] }
        let found: [Int: String]
        do { found = try await host.network.published() } catch {
            return [.warning("Docker does not say which ports its containers have: \(error)")]
        }
        let needs = ports.map { ($0.port, $0.purpose) } + ownPorts(database).map { ($0.port, $0.purpose) }
        return try needs.compactMap { port, purpose in
            // Its proxy has been found as the listener that it is.
            guard let container = found[port], try host.network.listener(on: port)?.command != Self.proxy else {
                return nil
            }
            return .init(
                "port \(port), for \(purpose), is led by Docker to its container \(container)",
                next: "docker stop \(container), or choose another port")
        }
    }

    private static let proxy = "docker-proxy"

    private func taken(_ port: Int, _ purpose: String, _ holder: PortHolder) -> Preflight.Finding {
        // Docker listens for a container, which has another name.
        let next =
            holder.command == Self.proxy
            ? "stop the container that docker ps --filter publish=\(port) names, or choose another port"
            : "stop it, or choose another port"
        return .init("port \(port), for \(purpose), is taken by \(holder.sentence)", next: next)
    }

    // MARK: Packages

    /// Packages that cannot be beside ours, or are ours in a series that we do not go back from.
    private func rivalPackages(_ database: PackageDatabase) -> [Preflight.Finding] {
        var findings: [Preflight.Finding] = []
        if profile.services.store == .mongodb {
            let rivals = [
                ("mongodb", "Debian's MongoDB"), ("mongodb-server", "Debian's MongoDB"),
                ("mongodb-server-core", "Debian's MongoDB"), ("mongodb-10gen", "an old MongoDB"),
                ("mongodb-enterprise-server", "MongoDB Enterprise"),
                ("percona-server-mongodb-server", "Percona's MongoDB"),
            ]
            if let (package, service) = rivals.first(where: { database.version(of: $0.0) != nil }) {
                findings.append(
                    .init("\(service) is installed, and mongodb-org cannot be beside it", next: "remove \(package)"))
            }
            findings += later(
                "mongodb-org-server", than: "7.0", database, next: "use another host: its data are of that series")
        }
        if let node = profile.runtimes.node {
            findings += later(
                "nodejs", than: node.version, database, next: "remove it, or set runtimes.node.version")
        }
        if profile.services.queue == .redis, let version = database.version(of: "redis-server"),
            Self.series(version).first != 7
        {
            findings.append(.warning("redis-server \(version) is installed, which is no Redis 7; it is used as it is"))
        }
        return findings
    }

    private func later(
        _ package: String, than series: String, _ database: PackageDatabase, next: String
    ) -> [Preflight.Finding] {
        guard let version = database.version(of: package),
            Self.series(series).lexicographicallyPrecedes(Self.series(version).prefix(Self.series(series).count))
        else { return [] }
        return [.init("\(package) \(version) is installed, and the profile asks for \(series)", next: next)]
    }

    /// The numbers of a version: 7, 0, 26 of `1:7.0.26-1`.
    private static func series(_ version: String) -> [Int] {
        let upstream = version.split(separator: ":", maxSplits: 1).last ?? ""
        return upstream.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
    }

    // MARK: Units

    /// Servers that start with the machine, and would then be quicker than ours. Those that run have their ports already.
    private func rivalUnits(_ host: any Host) throws -> [Preflight.Finding] {
        guard host.units.isRunning else { return [] }
        var rivals: [String: Int] = [:]
        for port in [80, 443] where frontDoorPorts[port] != nil {
            for server in ["apache2", "lighttpd", "caddy", "haproxy", "varnish"] {
                rivals["\(server).service"] = rivals["\(server).service"] ?? port
            }
        }
        if profile.services.queue == .redis {
            for server in ["valkey-server", "redis-stack-server", "keydb-server", "snap.redis.server"] {
                rivals["\(server).service"] = HostGraph.redisPort
            }
        }
        guard !rivals.isEmpty else { return [] }
        let states = try host.units.states(rivals.keys.sorted())
        return try rivals.sorted { $0.key < $1.key }.compactMap { unit, port in
            guard let state = states[unit], state.enablement == "enabled",
                try host.network.listener(on: port) == nil
            else { return nil }
            return .init(
                "\(unit) starts with the machine, and may then take port \(port) from ours",
                next: "systemctl disable --now \(unit)")
        }
    }

    // MARK: nginx

    /// Sites of an nginx that is here already, on ports that will be ours.
    private func nginxSites(_ host: any Host) throws -> [Preflight.Finding] {
        guard profile.frontDoor.manager == .systemd else { return [] }
        var findings: [Preflight.Finding] = []
        let welcome: FilePath = "/etc/nginx/sites-enabled/default"
        for (folder, end) in [("/etc/nginx/conf.d", ".conf"), ("/etc/nginx/sites-enabled", "")] {
            guard try host.files.status(FilePath(folder)) != nil else { continue }
            for name in try host.files.list(FilePath(folder)) where name.hasSuffix(end) && name != "bedplate.conf" {
                let path = FilePath(folder).appending(name)
                // The welcome page is taken away.
                guard path != welcome, let bytes = try? host.files.read(path, limit: 1 << 20) else { continue }
                let listeners = NginxListener.all(in: String(decoding: bytes, as: UTF8.self))
                let shared = listeners.filter { frontDoorPorts[$0.port] != nil }
                guard let listener = shared.first(where: \.isDefault) ?? shared.first else { continue }
                let purpose = frontDoorPorts[listener.port] ?? ""
                findings.append(
                    listener.isDefault
                        ? .init(
                            "\(path) is nginx's default server on port \(listener.port), which is for \(purpose)",
                            next: "take default_server out of it, or choose another port")
                        : .warning(
                            "\(path) shares port \(listener.port) with \(purpose): it answers to its own names only"))
            }
        }
        if try host.files.status(layout.journal) == nil, try host.files.status(welcome) != nil {
            findings.append(.warning("\(welcome) is switched off; uninstall brings it back"))
        }
        return findings
    }
}

/// A `listen` of nginx's configuration.
struct NginxListener {
    let port: Int
    let isDefault: Bool

    /// By line, as people write them; what is on a socket of the file system has no port.
    static func all(in text: String) -> [NginxListener] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split { " \t;".contains($0) }
            guard words.first == "listen", words.count > 1, !words[1].hasPrefix("unix:") else { return nil }
            let last = words[1].split(separator: ":").last ?? ""
            // An address alone means port 80.
            return NginxListener(port: Int(last) ?? 80, isDefault: words.contains("default_server"))
        }
    }
}
