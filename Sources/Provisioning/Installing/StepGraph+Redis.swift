import CoreTypes
package import Host
package import Profiles
import SystemPackage

extension StepGraph {
    static func dropIn(_ unit: String) -> FilePath { FilePath("/etc/systemd/system/\(unit).d/bedplate.conf") }

    /// The folder of a drop-in, and the drop-in.
    mutating func addDropIn(_ unit: String, _ text: String, after positions: Set<Int>) -> Int {
        let path = Self.dropIn(unit)
        let folder = add(
            DirectoryStep(
                [.init(path.removingLastComponent(), mode: FilePermissions(rawValue: 0o755))],
                title: "folder of \(unit)'s drop-in"), after: positions)
        return add(FileStep([.init(path, content: text)], title: "drop-in of \(unit)"), after: [folder])
    }

    /// Redis as the profile wants it, with the password that is the secret's value now.
    @discardableResult
    package mutating func addRedis(_ profile: Profile, _ layout: Layout, after positions: Set<Int>) -> Int {
        let unit = "redis-server.service"
        let path: FilePath = "/etc/redis/bedplate.conf"
        guard let password = profile.secrets.first(where: { $0.name.description == "REDIS_PASSWORD" })?.name else {
            preconditionFailure("a profile with Redis has declared REDIS_PASSWORD")
        }
        let configuration = add(
            ConfidentialFileStep(
                path, mode: FilePermissions(rawValue: 0o640), owner: OwnerName(user: "root", group: "redis"),
                secrets: [password], in: layout.secrets, title: "configuration of redis"
            ) { secrets in
                """
                # Written by bedplate; changes made here are lost. The distribution's own file comes first.
                include /etc/redis/redis.conf
                bind 127.0.0.1 -::1
                port \(HostGraph.redisPort)
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
        let running = add(
            UnitStep(unit, configuration: [path, Self.dropIn(unit)], layout: layout), after: [configuration, dropIn])
        return add(RedisAccessStep(port: HostGraph.redisPort, secrets: layout.secrets), after: [running])
    }
}
