import Host
import SystemPackage

extension HostGraph {
    /// What MongoDB's production notes for 7.0 ask of a kernel: hardly any swapping, room for memory maps (as Ubuntu 24.04
    /// has it; MongoDB asks for less), connections whose peer is gone found in minutes, and no transparent huge pages.
    package static let mongoSettings: [KernelStep.Setting] = [
        .init("/proc/sys/vm/swappiness", "1"), .init("/proc/sys/vm/max_map_count", "1048576"),
        .init("/proc/sys/net/ipv4/tcp_keepalive_time", "120"),
        .init("/sys/kernel/mm/transparent_hugepage/enabled", "never"),
        .init("/sys/kernel/mm/transparent_hugepage/defrag", "never"),
    ]

    /// For now, and for each boot: sysctl.d(5) and tmpfiles.d(5).
    mutating func addMongoKernel(after positions: Set<Int>) -> Int {
        let open = FilePermissions(rawValue: 0o755)
        let folders = graph.add(
            DirectoryStep(
                [.init("/etc/sysctl.d", mode: open), .init("/etc/tmpfiles.d", mode: open)],
                title: "folders of kernel settings"), after: positions)
        let head = "# Written by bedplate; changes made here are lost. What MongoDB's production notes ask for.\n"
        // With a minus: where one cannot be written, the boot goes on.
        let sysctl = Self.mongoSettings.filter { $0.path.starts(with: "/proc/sys") }.map { setting in
            "-\(setting.path.components.dropFirst(2).map(\.string).joined(separator: ".")) = \(setting.value)\n"
        }
        let other = Self.mongoSettings.filter { $0.path.starts(with: "/sys") }.map { setting in
            "w- \(setting.path) - - - - \(setting.value)\n"
        }
        let files = graph.add(
            FileStep(
                [
                    .init("/etc/sysctl.d/60-bedplate-mongodb.conf", content: head + sysctl.joined()),
                    .init("/etc/tmpfiles.d/bedplate-mongodb.conf", content: head + other.joined()),
                ], title: "kernel settings at boot"), after: [folders])
        return graph.add(KernelStep(Self.mongoSettings, title: "kernel settings for mongodb"), after: [files])
    }
}
