/// One of root's powers, as capabilities(7) names it, without `CAP_` and in small letters: `net_bind_service`.
package enum Capability: String, Hashable, Sendable, CaseIterable, Codable {
    // In the kernel's order (linux/capability.h).
    case chown
    case dacOverride = "dac_override"
    case dacReadSearch = "dac_read_search"
    case fowner, fsetid, kill, setgid
    case setuid, setpcap
    case linuxImmutable = "linux_immutable"
    case netBindService = "net_bind_service"
    case netBroadcast = "net_broadcast"
    case netAdmin = "net_admin"
    case netRaw = "net_raw"
    case ipcLock = "ipc_lock"
    case ipcOwner = "ipc_owner"
    case sysModule = "sys_module"
    case sysRawio = "sys_rawio"
    case sysChroot = "sys_chroot"
    case sysPtrace = "sys_ptrace"
    case sysPacct = "sys_pacct"
    case sysAdmin = "sys_admin"
    case sysBoot = "sys_boot"
    case sysNice = "sys_nice"
    case sysResource = "sys_resource"
    case sysTime = "sys_time"
    case sysTtyConfig = "sys_tty_config"
    case mknod, lease
    case auditWrite = "audit_write"
    case auditControl = "audit_control"
    case setfcap
    case macOverride = "mac_override"
    case macAdmin = "mac_admin"
    case syslog
    case wakeAlarm = "wake_alarm"
    case blockSuspend = "block_suspend"
    case auditRead = "audit_read"
    case perfmon, bpf
    case checkpointRestore = "checkpoint_restore"

    /// The kernel's number for it.
    package var number: Int { Self.numbers[self] ?? 0 }

    /// `nil`: a number of a later kernel.
    package init?(number: Int) {
        guard Self.allCases.indices.contains(number) else { return nil }
        self = Self.allCases[number]
    }

    private static let numbers = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
