import CLinux
import Control
import Glibc

/// Who a child runs as, looked up anew for each start, because accounts come and go.
struct Account {
    let user: uid_t
    let group: gid_t
    let groups: [gid_t]
    let name: String
    let home: String

    /// `nil`: the supervisor's own. Throws a sentence.
    static func resolve(user: String?, group: String?) throws(SpawnFailure) -> Account? {
        guard user != nil || group != nil else { return nil }
        var account: Account
        if let user {
            errno = 0
            guard let entry = getpwnam(user)?.pointee else {
                throw SpawnFailure(
                    "setting user '\(user)'", errno == 0 ? "no such user" : String(cString: strerror(errno)))
            }
            var groups = [gid_t](repeating: 0, count: 64)
            var count = linux_groups(user, entry.pw_gid, &groups, Int32(groups.count))
            if count > groups.count {
                groups = [gid_t](repeating: 0, count: Int(count))
                count = linux_groups(user, entry.pw_gid, &groups, count)
            }
            account = Account(
                user: entry.pw_uid, group: entry.pw_gid, groups: Array(groups.prefix(Int(count))), name: user,
                home: String(cString: entry.pw_dir))
        } else {
            account = Account(user: geteuid(), group: getegid(), groups: [], name: "", home: "/")
        }
        if let group {
            errno = 0
            guard let entry = getgrnam(group)?.pointee else {
                throw SpawnFailure(
                    "setting group '\(group)'", errno == 0 ? "no such group" : String(cString: strerror(errno)))
            }
            account = Account(
                user: account.user, group: entry.gr_gid, groups: account.groups, name: account.name, home: account.home)
        }
        return account
    }

    /// Whether we are that user already, so that nothing needs to be set (and nothing can be, without root).
    var isOurs: Bool { user == geteuid() && group == getegid() && geteuid() != 0 }
}
