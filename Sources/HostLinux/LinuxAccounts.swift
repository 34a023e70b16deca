import Glibc
package import Host
import SystemPackage

/// Users and groups, by the machine's name service.
package struct LinuxAccounts: AccountDatabase {
    private let processes: any ProcessRunner
    private let lists = AccountLists()

    package init(processes: any ProcessRunner) { self.processes = processes }

    package func faults(of names: Set<String>) async throws -> [AccountFault] { try await lists.faults(of: names) }
    package func mend(_ fault: AccountFault) async throws { try await lists.mend(fault) }

    private func run(_ tool: Command) async throws {
        try await lists.clear()
        try await processes.demand(tool, timeout: .seconds(60))
    }

    package func createGroup(_ name: String, number: UInt32?) async throws {
        guard try group(named: name) == nil else { return }
        let numbered = number.map { ["--gid", "\($0)"] } ?? []
        try await run(Command("/usr/sbin/groupadd", arguments: ["--system"] + numbered + [name]))
    }

    package func createUser(_ request: UserRequest) async throws {
        guard try user(named: request.name) == nil else { return }
        let numbered = request.number.map { ["--uid", "\($0)"] } ?? []
        let arguments =
            ["--system", "--gid", request.group, "--home-dir", request.home, "--no-create-home"] + numbered
            + ["--shell", "/usr/sbin/nologin", request.name]
        try await run(Command("/usr/sbin/useradd", arguments: arguments))
    }

    package func removeUser(_ name: String) async throws {
        guard try user(named: name) != nil else { return }
        try await run(Command("/usr/sbin/userdel", name))
    }

    package func removeGroup(_ name: String) async throws {
        guard try group(named: name) != nil else { return }
        try await run(Command("/usr/sbin/groupdel", name))
    }

    package func members(of group: String) throws -> Set<String> {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        return try withGrowingBuffer(group) { buffer, size in
            getgrnam_r(group, &entry, buffer, size, &found)
        } then: {
            var names: Set<String> = []
            var next = found?.pointee.gr_mem
            while let member = next?.pointee {
                names.insert(String(cString: member))
                next = next?.successor()
            }
            return names
        }
    }

    package func name(ofUser number: UInt32) throws -> String? {
        try lookUp("\(number)") { entry, buffer, size, result in
            getpwuid_r(number, entry, buffer, size, result)
        }?.name
    }

    package func name(ofGroup number: UInt32) throws -> String? {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        return try withGrowingBuffer("\(number)") { buffer, size in
            getgrgid_r(number, &entry, buffer, size, &found)
        } then: {
            found.map { String(cString: $0.pointee.gr_name) }
        }
    }

    package func addMember(_ user: String, to group: String) async throws {
        guard try !members(of: group).contains(user) else { return }
        try await run(Command("/usr/sbin/usermod", "--append", "--groups", group, user))
    }

    package func removeMember(_ user: String, from group: String) async throws {
        guard try members(of: group).contains(user) else { return }
        try await run(Command("/usr/bin/gpasswd", "--delete", user, group))
    }

    package func user(named name: String) throws -> Account? {
        try lookUp(name) { entry, buffer, size, result in
            getpwnam_r(name, entry, buffer, size, result)
        }
    }

    package func current() throws -> Account {
        let user = geteuid()
        let found = try lookUp("\(user)") { entry, buffer, size, result in
            getpwuid_r(user, entry, buffer, size, result)
        }
        // A container may run as a number nobody named.
        return found ?? Account(name: "\(user)", user: user, group: getegid())
    }

    package func group(named name: String) throws -> UInt32? {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        return try withGrowingBuffer(name) { buffer, size in
            getgrnam_r(name, &entry, buffer, size, &found)
        } then: {
            found?.pointee.gr_gid
        }
    }

    private func lookUp(
        _ name: String,
        _ query: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) throws -> Account? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return try withGrowingBuffer(name) { buffer, size in
            query(&entry, buffer, size, &found)
        } then: {
            found.map {
                Account(name: String(cString: $0.pointee.pw_name), user: $0.pointee.pw_uid, group: $0.pointee.pw_gid)
            }
        }
    }

    /// Asks again with twice the space for as long as the answer does not fit; `read` runs while the space is there.
    private func withGrowingBuffer<Result>(
        _ name: String, _ query: (UnsafeMutablePointer<CChar>, Int) -> Int32, then read: () -> Result
    ) throws -> Result {
        var size = 4096
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            switch query(buffer, size) {
            case 0: return read()
            case ERANGE: size *= 2
            case let code: throw HostError.account(name: name, errno: Errno(rawValue: code))
            }
        }
    }
}
