import Host
import HostLinux
import SystemPackage
import Testing

@Suite struct HandingOverRuntimeTests {
    @Test("a tree is handed over as far as it belongs to the old owner, and no link is followed")
    func handOver() throws {
        let files = LinuxFiles()
        try #require(try LinuxHost().accounts.current().user == 0, "only root can give files away")
        let scratch = try Scratch()
        let old = Owner(user: 4_000_001, group: 4_000_001)
        let new = Owner(user: 4_000_002, group: 4_000_003)
        let other = Owner(user: 4_000_004, group: 4_000_004)
        let outside = scratch("outside")
        let tree = scratch("tree")
        try files.createDirectory(outside, mode: [.ownerReadWriteExecute], owner: old)
        try files.replace(outside.appending("file"), with: [], mode: [.ownerReadWrite], owner: old)
        try files.createDirectory(tree, mode: [.ownerReadWriteExecute], owner: old)
        try files.createDirectory(tree.appending("a"), mode: [.ownerReadWriteExecute], owner: other)
        try files.createDirectory(tree.appending("a/b"), mode: [.ownerReadWriteExecute], owner: old)
        try files.replace(tree.appending("a/b/file"), with: [], mode: [.ownerReadWrite], owner: old)
        try files.replace(tree.appending("a/root's"), with: [], mode: [.ownerReadWrite], owner: nil)
        try files.createLink(tree.appending("folder"), to: outside.string)
        try files.createLink(tree.appending("link"), to: outside.appending("file").string)
        for link in ["folder", "link"] { try files.setOwner(tree.appending(link), old) }
        // What is the new owner's already and has the old group, and what has that group and is somebody else's.
        try files.replace(
            tree.appending("group"), with: [], mode: [.ownerReadWrite], owner: Owner(user: new.user, group: old.group))
        let shared = Owner(user: other.user, group: old.group)
        try files.replace(tree.appending("shared"), with: [], mode: [.ownerReadWrite], owner: shared)
        try files.handOver(tree, from: FormerOwner(users: [old.user], groups: [old.group]), to: new)
        func owner(_ name: String) throws -> Owner? { try files.status(scratch(name))?.owner }
        for name in ["tree", "tree/a/b", "tree/a/b/file", "tree/folder", "tree/link", "tree/group"] {
            #expect(try owner(name) == new, "\(name)")
        }
        #expect(try owner("tree/a") == other)
        #expect(try owner("tree/shared") == shared)
        #expect(try owner("tree/a/root's")?.user == 0)
        for name in ["outside", "outside/file"] { #expect(try owner(name) == old, "\(name)") }
    }

    @Test("who has a number is told, and that nobody has it")
    func numbers() throws {
        let accounts = LinuxHost().accounts
        #expect(try accounts.name(ofUser: 0) == "root")
        #expect(try accounts.name(ofUser: 4_000_001) == nil)
    }
}
