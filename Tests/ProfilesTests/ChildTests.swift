import CoreTypes
import Testing

@testable import Profiles

@Suite("How processes run, in a profile")
struct ChildTests {
    private func child(_ keys: String, of process: String = "api") throws -> ProcessDeclaration.Child {
        let loaded = try load(small, overlays: ["processes: {\(process): {\(keys)}}"])
        return try #require(loaded.profile.processes.first { $0.name.description == process }).child
    }

    private func mistakes(_ keys: String, of process: String = "api") -> [String] {
        problems(small, overlays: ["processes: {\(process): {\(keys)}}"]).map { "\($0.path): \($0.sentence)" }
    }

    @Test("without a word it is the usual, and gains no privileges")
    func usual() throws {
        #expect(try child("umask: '0022'") == ProcessDeclaration.Child())
        #expect(try child("nice: 0").noNewPrivileges)
    }

    @Test("every key is read")
    func everyKey() throws {
        let child = try child(
            """
            groups: [adm], environment_files: ["-/etc/default/app", "{data}/env"], working_directory: "{data}",
            umask: '0027', nice: -5, oom_score: -500, no_new_privileges: false, capabilities: [net_bind_service, kill],
            resource_limits: {nofile: "1024:4096", core: 0, memlock: infinity},
            limits: {memory: 512MiB, cpu: 150%, pids: 100},
            sockets: {http: {port: api}}
            """)
        var expected = ProcessDeclaration.Child()
        expected.groups = ["adm"]
        expected.environmentFiles = ["-/etc/default/app", "{data}/env"]
        expected.workingDirectory = "{data}"
        expected.umask = 0o27
        expected.nice = -5
        expected.oomScore = -500
        expected.noNewPrivileges = false
        expected.capabilities = [.netBindService, .kill]
        expected.resourceLimits = [
            ResourceLimit(.core, soft: 0, hard: 0), ResourceLimit(.nofile, soft: 1024, hard: 4096),
            ResourceLimit(.memlock, soft: nil, hard: nil),
        ]
        expected.limits = InstanceLimits(memory: .mebibytes(512), cpu: 150, pids: 100)
        expected.sockets = [.init(name: "http", place: .port("api"), backlog: 4096)]
        #expect(child == expected)
        let engine = try self.child("sockets: {admin: {listen: '[::1]:9000', backlog: 5}}", of: "engine")
        #expect(try engine.sockets == [.init(name: "admin", place: .address("::1", #require(Port(9000))), backlog: 5)])
        #expect(try self.child("capabilities: []").capabilities == [])
    }

    @Test(
        "each mistake is one sentence",
        arguments: [
            ("umask: '0098'", "umask: '0098' is not one to four octal digits, such as '0027'"),
            ("umask: '7000'", "umask: only the bits of 0777 can be taken away"),
            ("nice: 20", "nice: expected a whole number from -20 to 19, not '20'"),
            ("nice: -21", "nice: expected a whole number from -20 to 19, not '-21'"),
            ("oom_score: -0", "oom_score: expected a whole number from -1000 to 1000, not '-0'"),
            (
                "resource_limits: {nofile: 10MiB}",
                "resource_limits.nofile: '10MiB' is not understood: expected a whole number, or 'infinity', or two of them as soft:hard"
            ),
            (
                "resource_limits: {nofile: '5:4'}",
                "resource_limits.nofile: '5:4' is not understood: expected a soft limit that is not above the hard one"
            ),
            ("resource_limits: {files: 5}", "resource_limits.files: this key is unknown"),
            ("limits: {cpu: 150}", "limits.cpu: '150' is not a percentage such as 50%, at least 1%"),
            ("limits: {cpu: 5%%}", "limits.cpu: '5%%' is not a percentage such as 50%, at least 1%"),
            (
                "working_directory: srv",
                "working_directory: 'srv' must be absolute or begin with {release}/, {build}/, {programs}/, {data}/, {logs}/, {run}/, {runtimes}/, {configuration}/"
            ),
            (
                "environment_files: ['-env']",
                "environment_files.0: 'env' must be absolute or begin with {release}/, {build}/, {programs}/, {data}/, {logs}/, {run}/, {runtimes}/, {configuration}/"
            ),
            ("sockets: {http: {}}", "sockets.http: a socket has either a port or listen, not none"),
            (
                "sockets: {http: {port: api, listen: '127.0.0.1:1'}}",
                "sockets.http: a socket has either a port or listen, not both"
            ),
            (
                "sockets: {a: {port: api}, b: {port: api}}",
                "sockets.b.port: 'api' already has a socket at the port 'api'"
            ),
            (
                "sockets: {http: {listen: '127.0.0.1:9000'}}",
                "sockets.http.listen: 'api' is in both slots, and only one of them could listen at 127.0.0.1; use a port"
            ),
        ])
    func mistakesOfSlotted(_ keys: String, _ sentence: String) {
        #expect(mistakes(keys) == ["processes.api.\(sentence)"])
    }

    @Test("a capability that does not exist is named, with the nearest that does")
    func capability() {
        let found = problems(small, overlays: ["processes: {api: {capabilities: [net_bind]}}"])
        #expect(found.map(\.path.description) == ["processes.api.capabilities.0"])
    }

    @Test("a port is given to one process alone")
    func ports() {
        #expect(
            mistakes("sockets: {http: {port: api}}", of: "worker") == [
                "processes.worker.sockets.http.port: 'api' already listens on the port 'api'"
            ])
        #expect(
            mistakes("sockets: {http: {port: api}}", of: "engine") == [
                "processes.engine.sockets.http.port: 'engine' is outside the slots, and only slots have ports"
            ])
        #expect(
            mistakes("sockets: {http: {listen: '127.0.0.1:8080'}}", of: "engine") == [
                "processes.engine.sockets.http.listen: port 8080 is taken by the front door"
            ])
        #expect(
            mistakes("sockets: {http: {listen: '127.0.0.1:8002'}}", of: "engine") == [
                "processes.engine.sockets.http.listen: port 8002 is taken by 'api' of green"
            ])
    }
}
