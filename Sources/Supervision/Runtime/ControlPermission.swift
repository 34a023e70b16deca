import CLinux
import Glibc

/// What the peer of a control connection may do. The kernel says who it is; nobody can claim to be another.
enum ControlPermission: Comparable {
    case none
    case look
    case change

    static let lookers = "bedplate"

    init(socket: Int32) {
        var user: uid_t = 0
        var group: gid_t = 0
        var pid: pid_t = 0
        guard linux_peer(socket, &user, &group, &pid) == 0 else {
            self = .none
            return
        }
        self.init(user: user, group: group)
    }

    init(user: uid_t, group: gid_t) {
        if user == 0 || user == geteuid() {
            self = .change
        } else {
            self = Self.isLooker(user, group) ? .look : .none
        }
    }

    private static func isLooker(_ user: uid_t, _ group: gid_t) -> Bool {
        guard let entry = getgrnam(lookers) else { return false }
        let looking = entry.pointee.gr_gid
        if group == looking { return true }
        guard let account = getpwuid(user) else { return false }
        var groups = [gid_t](repeating: 0, count: 256)
        let count = linux_groups(account.pointee.pw_name, account.pointee.pw_gid, &groups, Int32(groups.count))
        return groups.prefix(Int(count)).contains(looking)
    }
}
