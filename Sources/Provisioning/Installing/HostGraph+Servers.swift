import CoreTypes
import Host
import Profiles
import SystemPackage

extension HostGraph {
    /// What a server needs of its machine, for a drop-in: everything else is taken away.
    private static let hardening = """
        NoNewPrivileges=yes
        ProtectHome=yes
        PrivateTmp=yes
        PrivateDevices=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        SystemCallArchitectures=native
        """

    private static func dropIn(_ unit: String) -> FilePath {
        FilePath("/etc/systemd/system/\(unit).d/bedplate.conf")
    }

    /// The folder of a drop-in, and the drop-in.
    private mutating func addDropIn(_ unit: String, _ text: String, after positions: Set<Int>) -> Int {
        let path = Self.dropIn(unit)
        let folder = graph.add(
            DirectoryStep(
                [.init(path.removingLastComponent(), mode: FilePermissions(rawValue: 0o755))],
                title: "folder of \(unit)'s drop-in"), after: positions)
        return graph.add(FileStep([.init(path, content: text)], title: "drop-in of \(unit)"), after: [folder])
    }

    // MARK: Redis

    mutating func addRedis(after positions: Set<Int>) -> Int {
        let unit = "redis-server.service"
        let path: FilePath = "/etc/redis/bedplate.conf"
        let configuration = graph.add(
            ConfidentialFileStep(
                path, mode: FilePermissions(rawValue: 0o640), owner: OwnerName(user: "root", group: "redis"),
                secrets: [Self.name("REDIS_PASSWORD")], in: layout.secrets, title: "configuration of redis"
            ) { secrets in
                """
                # Written by bedplate; changes made here are lost. The distribution's own file comes first.
                include /etc/redis/redis.conf
                bind 127.0.0.1 -::1
                port \(Self.redisPort)
                protected-mode yes
                requirepass \(secrets[0].reveal())
                # Jobs wait here: they survive a crash, and are never thrown out to make room.
                appendonly yes
                appendfsync everysec
                maxmemory-policy noeviction

                """
            }, after: positions)
        let dropIn = addDropIn(
            unit,
            """
            # Written by bedplate; changes made here are lost.
            [Service]
            ExecStart=
            ExecStart=/usr/bin/redis-server \(path) --supervised systemd --daemonize no

            """, after: positions)
        let running = graph.add(
            UnitStep(unit, configuration: [path, Self.dropIn(unit)], layout: layout), after: [configuration, dropIn])
        return graph.add(RedisAccessStep(port: Self.redisPort, secrets: layout.secrets), after: [running])
    }

    // MARK: MongoDB

    mutating func addMongo(after positions: Set<Int>) -> Int {
        let unit = "mongod.service"
        let path = layout.configuration.appending("mongod.conf")
        let text = """
            # Written by bedplate; changes made here are lost. Used instead of /etc/mongod.conf.
            storage:
              dbPath: /var/lib/mongodb
            systemLog:
              destination: file
              logAppend: true
              path: /var/log/mongodb/mongod.log
            net:
              bindIp: 127.0.0.1
              port: \(Self.mongoPort)
            processManagement:
              timeZoneInfo: /usr/share/zoneinfo
            security:
              authorization: enabled

            """
        let configuration = graph.add(
            FileStep([.init(path, content: text)], title: "configuration of mongodb"), after: positions)
        let dropIn = addDropIn(
            unit,
            """
            # Written by bedplate; changes made here are lost.
            [Service]
            ExecStart=
            ExecStart=/usr/bin/mongod --config \(path)
            ProtectSystem=full
            \(Self.hardening)

            """, after: positions)
        let running = graph.add(
            UnitStep(unit, configuration: [path, Self.dropIn(unit)], layout: layout), after: [configuration, dropIn])
        return graph.add(
            MongoUsersStep(
                port: Self.mongoPort, application: profile.name,
                databases: profile.services.databases.isEmpty ? [profile.name] : profile.services.databases,
                secrets: layout.secrets), after: [running])
    }

    // MARK: nginx

    /// `site`: the files that the application's front door is made of.
    mutating func addNginx(_ site: [FileStep.File], after positions: Set<Int>) -> Set<Int> {
        guard profile.frontDoor.manager == .systemd else { return [] }
        let unit = "nginx.service"
        let drain = max(1, profile.frontDoor.drain.milliseconds / 1000)
        let folder = graph.add(
            DirectoryStep(
                [.init(layout.nginx, mode: FilePermissions(rawValue: 0o755))], title: "folder of the front door"),
            after: positions)
        let include: FilePath = "/etc/nginx/conf.d/bedplate.conf"
        let main: FilePath = "/etc/nginx/modules-enabled/60-bedplate.conf"
        let own: [FileStep.File] = [
            .init(include, content: "# Written by bedplate; changes made here are lost.\ninclude \(layout.site);\n"),
            .init(
                main,
                content: """
                    # Written by bedplate; changes made here are lost. Read outside the http block.
                    # After a switch, what is still open is cut when the drain's time is up.
                    worker_shutdown_timeout \(drain)s;

                    """),
        ]
        let files = graph.add(FileStep(site + own, title: "front door"), after: [folder])
        let welcome: FilePath = "/etc/nginx/sites-enabled/default"
        let default80 = graph.add(
            AbsenceStep(welcome, because: "nginx's welcome page on port 80", title: "welcome page"), after: positions)
        let dropIn = addDropIn(
            unit,
            """
            # Written by bedplate; changes made here are lost.
            [Service]
            # The package's own stop cuts open requests after five seconds.
            ExecStop=
            ExecStop=-/sbin/start-stop-daemon --quiet --stop --retry QUIT/\(drain)/TERM/5 --pidfile /run/nginx.pid
            TimeoutStopSec=\(drain + 10)
            ProtectSystem=full
            CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL
            \(Self.hardening)

            """, after: positions)
        // The drop-in is not among what a reload takes up: it is for the next start, and a restart would cut requests.
        let test = Command("/usr/sbin/nginx", "-t", "-q").leaving([])
        return [
            graph.add(
                UnitStep(
                    unit, configuration: site.map(\.path) + [include, main, welcome], by: .reload, testedBy: test,
                    layout: layout), after: [files, default80, dropIn])
        ]
    }

    private static func name(_ text: String) -> SecretName {
        guard let name = try? SecretName(text) else { preconditionFailure("'\(text)' is a name") }
        return name
    }
}
