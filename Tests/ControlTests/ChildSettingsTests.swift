import CoreTypes
import Testing

@testable import Control

@Suite("What a stack says of an instance's processes")
struct ChildSettingsTests {
    private func stack(_ child: ChildSettings?) throws -> Stack {
        Stack(
            profile: "test", directories: .init(state: "/s", logs: "/l", run: "/r"),
            instances: [InstanceSpec(name: try InstanceName("api"), command: ["/bin/api"], child: child)])
    }

    @Test("a stack of a release that knew nothing of it is read, and changes nothing")
    func absent() throws {
        let text = String(decoding: try JSON(encoding: try stack(nil)).bytes, as: UTF8.self)
        #expect(!text.contains("child"))
        let read = try JSON(parsing: Array(text.utf8)).decode(Stack.self)
        #expect(read.instances[0].child == nil)
        #expect(read.difference(to: try stack(nil)).unchanged.count == 1)
    }

    @Test("everything it says comes back from JSON")
    func roundTrip() throws {
        let child = ChildSettings(
            groups: ["adm"], environmentFiles: ["-/etc/x"], umask: 0o27, nice: -5, oomScore: 500,
            mayGainPrivileges: true,
            capabilities: [.netBindService],
            resourceLimits: [ResourceLimit(.nofile, soft: 10, hard: 20), ResourceLimit(.core, soft: nil, hard: nil)],
            limits: InstanceLimits(memory: .mebibytes(64), cpu: 150, pids: 10),
            sockets: [ListeningSocket(name: "http", address: "::1", port: 80, backlog: 10)])
        let stack = try stack(child)
        #expect(stack.problems == [])
        #expect(try JSON(parsing: try JSON(encoding: stack).bytes).decode(Stack.self) == stack)
        #expect(stack.instances[0].child?.value == child)
    }

    @Test("another umask needs a new run, other limits of the group do not")
    func difference() throws {
        let before = try stack(nil)
        #expect(before.difference(to: try stack(ChildSettings(umask: 0o77))).changed.count == 1)
        let limited = try stack(ChildSettings(limits: InstanceLimits(pids: 5)))
        #expect(before.difference(to: limited).changed == [])
        #expect(limited.difference(to: before).changed == [])
        #expect(limited != before)
    }

    @Test("what no process could be given is named")
    func problems() throws {
        let socket = ListeningSocket(name: "a:b", address: "127.0.0.1", port: 0, backlog: 1)
        let child = ChildSettings(
            environmentFiles: ["relative"], umask: 0o1000, nice: 20, oomScore: 1001,
            resourceLimits: [ResourceLimit(.core, soft: -1, hard: 5)], limits: InstanceLimits(pids: 0),
            sockets: [socket, socket])
        #expect(
            try stack(child).problems == [
                "api: the environment file 'relative' is no absolute path",
                "api: its umask is not between 0 and 0777", "api: its nice value 20 is not between -20 and 19",
                "api: its out-of-memory score 1001 is not between -1000 and 1000",
                "api: its limit core is negative", "api: its limits leave it nothing",
                "api: 'a:b' cannot name a socket", "api: the port 0 is none",
                "api: the socket 'a:b' is there twice", "api: 'a:b' cannot name a socket", "api: the port 0 is none",
                "api and api both have a socket at 127.0.0.1:0",
            ])
    }

    @Test("a spec without settings pays one word for them")
    func size() { #expect(MemoryLayout<Boxed<ChildSettings>?>.size == MemoryLayout<Int>.size) }
}
