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
    static func resolve(_ spec: InstanceSpec) throws(SpawnFailure) -> Account? {
        let (user, group, more) = (spec.user, spec.group, spec.child?.value.groups ?? [])
        guard user != nil || group != nil || !more.isEmpty else { return nil }
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
            let number = try number(ofGroup: group, "setting group '\(group)'")
            account = Account(
                user: account.user, group: number, groups: account.groups, name: account.name, home: account.home)
        }
        if !more.isEmpty {
            var groups = account.groups
            for group in more { groups.append(try number(ofGroup: group, "setting supplementary group '\(group)'")) }
            account = Account(
                user: account.user, group: account.group, groups: groups, name: account.name, home: account.home)
        }
        return account
    }

    private static func number(ofGroup name: String, _ stage: String) throws(SpawnFailure) -> gid_t {
        errno = 0
        guard let entry = getgrnam(name)?.pointee else {
            throw SpawnFailure(stage, errno == 0 ? "no such group" : String(cString: strerror(errno)))
        }
        return entry.gr_gid
    }

    /// Whether we are that user already, so that nothing needs to be set (and nothing can be, without root).
    var isOurs: Bool {
        guard user == geteuid(), group == getegid(), geteuid() != 0 else { return false }
        var ours = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(ours.count), &ours)
        return Set(groups).subtracting(ours.prefix(Int(max(0, count)))).subtracting([group]).isEmpty
    }
}
