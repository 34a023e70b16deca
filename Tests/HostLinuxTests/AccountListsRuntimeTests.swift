import Glibc
import Host
import HostLinux
import SystemPackage
import Testing

/// What tools that were killed leave of the lists of accounts, in a folder of the test's own.
@Suite struct AccountListsRuntimeTests {
    private let files = LinuxFiles()
    private let scratch: Scratch
    private let lists: AccountLists

    init() throws {
        scratch = try Scratch()
        lists = AccountLists(scratch.path)
        for (list, content) in [
            "passwd":
                "root:x:0:0:root:/root:/bin/bash\ncspm:x:997:996::/data:/usr/sbin/nologin\nopen::998:998::/:/bin/sh\n",
            "shadow": "root:*:20000:0:99999:7:::\nother:!:20001::::::",
            "group": "root:x:0:\ncspm:x:996:alice,bob\nopen:x:998:\nredis:x:995:\n",
            "gshadow": "root:*::\nredis:!::\n",
        ] { try write(list, content) }
        try files.setMode(scratch("shadow"), [.ownerReadWrite, .groupRead])
    }

    private func write(_ name: String, _ content: String) throws {
        try files.replace(scratch(name), with: Array(content.utf8), mode: [.ownerReadWrite], owner: nil)
    }

    private func read(_ name: String) throws -> String {
        String(decoding: try files.read(scratch(name), limit: 1 << 20), as: UTF8.self)
    }

    @Test(
        "a user and a group without their password lines are seen, of those asked for, and get the lines that the tools write"
    )
    func completed() async throws {
        let names: Set = ["cspm", "redis", "open", "nobody"]
        let found = try await lists.faults(of: names)
        #expect(found == [.group("cspm"), .group("open"), .user("cspm")])
        #expect(try await lists.faults(of: ["redis", "root"]).isEmpty)
        let before = time(nil) / 86_400
        for fault in found { try await lists.mend(fault) }
        #expect(try read("gshadow") == "root:*::\nredis:!::\ncspm:!::alice,bob\nopen:!::\n")
        let added = [before, time(nil) / 86_400].map {
            "root:*:20000:0:99999:7:::\nother:!:20001::::::\ncspm:!:\($0)::::::\n"
        }
        #expect(added.contains(try read("shadow")))
        #expect(try files.status(scratch("shadow"))?.mode == [.ownerReadWrite, .groupRead])
        #expect(try await lists.faults(of: names).isEmpty)
        // Somebody has mended it meanwhile.
        let content = try read("gshadow")
        try await lists.mend(.group("cspm"))
        #expect(try read("gshadow") == content)
    }

    @Test("locks and half-written lists that a killed tool left are seen and removed, and nothing else of their folder")
    func remnants() async throws {
        let left = ["group+", "group.lock", "gshadow.4711", "passwd.lock", "subuid.lock"]
        let others = ["passwd-", "passwd.org", "passwd.20261128", "group.", "shadow.lock.old", "apt.lock", "hosts+"]
        for name in left + others { try write(name, name == "gshadow.4711" ? "4711\0" : "1\n") }
        #expect(try await lists.faults(of: []) == left.map { .remnant(path: scratch($0).string) })
        try await lists.clear()
        #expect(try await lists.faults(of: []).isEmpty)
        #expect(try Set(others).isSubset(of: files.list(scratch.path)))
    }

    @Test("a tool that is at work is waited for, and what it has written by then is no fault")
    func atWork() async throws {
        // Its lock is one between processes: a child holds it while it is between the two lists.
        try write(".pwd.lock", "")
        try write("group.lock", "")
        let script = """
            import fcntl, os, time
            os.chdir("\(scratch.path)")
            lock = open(".pwd.lock", "r+")
            fcntl.lockf(lock, fcntl.LOCK_EX)
            os.mkdir("begun")
            time.sleep(0.3)
            open("gshadow", "a").write("cspm:!::\\n")
            os.remove("group.lock")
            """
        async let tool = LinuxHost().processes.run(
            Command("/usr/bin/python3", "-c", script), timeout: .seconds(30))
        while try files.status(scratch("begun")) == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try await lists.faults(of: ["cspm"]) == [.user("cspm")])
        #expect(try await tool.status == .exited(0))
    }
}
