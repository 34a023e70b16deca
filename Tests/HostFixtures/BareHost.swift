import Host
import SystemPackage

extension FakeHost {
    package static let debian12 = ["ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)"]
    package static let ubuntu2404 = ["ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04 LTS"]

    /// A fresh host: systemd runs, root is there, nothing of ours is installed, and repositories have what we want.
    package static func bare(_ release: [String: String]) -> FakeHost {
        let host = FakeHost()
        let machine = host.machine
        machine.setOSRelease(release)
        machine.setHardware(
            Hardware(architecture: "x86_64", kernel: "6.1.0-25-amd64", memory: 4 << 30, processorFlags: ["avx", "sse"]))
        machine.setSpace(Space(device: 1, available: 40 << 30))
        machine.setUsers([Account(name: "root", user: 0, group: 0)])
        machine.setGroups(["root": 0])
        machine.setUnits([:])
        machine.onReload { _ in }
        machine.setListeners([:])
        machine.onConnections { _ in 0 }
        machine.setPackages(["dpkg": "1.21.22", "apt": "2.6.1"])
        machine.setCandidates([
            "nodejs": "20.19.5-1nodesource1", "mongodb-org": "7.0.26", "mongodb-org-database": "7.0.26",
            "mongodb-org-server": "7.0.26", "mongodb-org-mongos": "7.0.26", "mongodb-org-tools": "7.0.26",
        ])
        for folder in [
            "/etc/apt/keyrings", "/etc/apt/sources.list.d", "/etc/apt/preferences.d", "/usr/local/bin",
            "/lib/systemd/system", "/etc/systemd/system", "/etc/sysctl.d", "/etc/tmpfiles.d",
        ] { host.disk.plantDirectory(FilePath(folder)) }
        host.settings.plant([
            "/proc/sys/vm/swappiness": "60", "/proc/sys/vm/max_map_count": "65530",
            "/proc/sys/net/ipv4/tcp_keepalive_time": "7200",
            "/sys/kernel/mm/transparent_hugepage/enabled": "madvise",
            "/sys/kernel/mm/transparent_hugepage/defrag": "madvise",
        ])
        host.commands.onChildren { _ in [] }
        let index = "http://deb.debian.org/debian/dists/bookworm/InRelease"
        machine.setIndexes([index])
        machine.setDownload(index, Array("Origin: Debian".utf8))
        return host
    }

    /// What the catalogue of `profile` names can be fetched. Its keys are all the lasting one of the samples.
    package func serve(keys: [String], repositories: [String], archives: [(address: String, sha256: String)]) {
        for key in keys { machine.setDownload(key, Array(SampleKeys.lasting.utf8)) }
        for repository in repositories { machine.setDownload(repository, Array("Origin: test".utf8)) }
        for archive in archives {
            machine.setDownload(archive.address, Array("a tar file".utf8), sha256: archive.sha256)
        }
    }
}
