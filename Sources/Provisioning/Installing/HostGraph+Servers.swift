import CoreTypes
import Host
import Profiles
import SystemPackage

extension HostGraph {
    /// What no server needs of its machine, for a drop-in. Writing executable memory stays allowed: MongoDB and nginx with
    /// pcre2 compile while they run.
    private static let hardening = """
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        ProtectProc=invisible
        PrivateTmp=yes
        PrivateDevices=yes
        PrivateMounts=yes
        RemoveIPC=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallErrorNumber=EPERM
        """

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
        let dropIn = graph.addDropIn(
            unit,
            """
            # Written by bedplate; changes made here are lost.
            [Service]
            ExecStart=
            ExecStart=/usr/bin/mongod --config \(path)
            LimitFSIZE=infinity
            LimitCPU=infinity
            LimitAS=infinity
            LimitMEMLOCK=infinity
            LimitNOFILE=64000
            LimitNPROC=64000
            TasksMax=infinity
            ReadWritePaths=/var/lib/mongodb /var/log/mongodb
            CapabilityBoundingSet=
            # It asks the kernel for the machine's addresses by netlink.
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            \(Self.hardening)

            """, after: positions)
        let kernel = addMongoKernel(after: positions)
        let running = graph.add(
            UnitStep(unit, configuration: [path, StepGraph.dropIn(unit)], layout: layout),
            after: [configuration, dropIn, kernel])
        let rotated = graph.add(
            RotationStep(profile.secrets, at: profile.mongoServer, folder: layout.secrets), after: [running])
        return graph.add(
            MongoUsersStep(
                port: Self.mongoPort, application: profile.name, databases: profile.mongoDatabases,
                secrets: layout.secrets), after: [rotated])
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
        let dropIn = graph.addDropIn(
            unit,
            """
            # Written by bedplate; changes made here are lost.
            [Unit]
            # Whoever is in the way, such as another server on the port, has five minutes to go.
            StartLimitIntervalSec=10min
            StartLimitBurst=300
            [Service]
            # The package's unit leaves a front door that was killed dead. Not what an operator stopped.
            Restart=on-failure
            RestartSec=1s
            # The package's own stop cuts open requests after five seconds.
            ExecStop=
            ExecStop=-/sbin/start-stop-daemon --quiet --stop --retry QUIT/\(drain)/TERM/5 --pidfile /run/nginx.pid
            TimeoutStopSec=\(drain + 10)
            ReadWritePaths=/run /var/log/nginx /var/lib/nginx -\(layout.nginxScratch)
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
            CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL
            \(Self.hardening)

            """, after: positions)
        let certificate = addCertificate(after: [folder])
        let certificates = certificate.isEmpty ? [] : [layout.certificate, layout.certificateKey]
        // The drop-in is not among what a reload takes up: it is for the next start, and a restart would cut requests.
        let test = Command("/usr/sbin/nginx", "-t", "-q").leaving([])
        let read = site.map(\.path) + [include, main, welcome] + certificates
        let running = graph.add(
            UnitStep(unit, configuration: read, by: .reload, testedBy: test, layout: layout),
            after: certificate.union([files, default80, dropIn]))
        let asked = addAcme(after: [running])
        guard !asked.isEmpty else { return [running] }
        return [
            graph.add(
                UnitStep(
                    unit, configuration: read, by: .reload, testedBy: test, title: "\(unit) with its certificate",
                    layout: layout), after: asked)
        ]
    }
}
