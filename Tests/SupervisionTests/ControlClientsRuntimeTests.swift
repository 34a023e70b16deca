import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: clients of the control socket", .serialized)
struct ControlClientsRuntimeTests {
    private let fixture: RuntimeFixture
    private let status = Array("{\"method\":\"io.bedplate.Supervisor.Status\"}\0".utf8)

    init() throws {
        fixture = try RuntimeFixture([shell("api", "exec sleep 1000")])
        try fixture.start()
        try fixture.waitUntilUp("api")
    }

    private var path: String { "\(fixture.stack.directories.run)/control" }

    private func connect() throws -> ControlConnection {
        try ControlConnection(path, timeout: .seconds(5), doing: "test")
    }

    @Test("a malformed client loses its conversation, and harms nobody")
    func malformed() throws {
        for message: [UInt8] in [
            Array("no json at all\0".utf8), [0], Array("{\"method\":7}\0".utf8), Array("[]\0".utf8),
            [UInt8](repeating: UInt8(ascii: "["), count: 100_000) + [0], Array("{\"method\":\"\u{0}".utf8),
            [0xFF, 0xFE, 0],
        ] {
            let connection = try connect()
            try connection.send(message)
            #expect(throws: OperatorError.self) { try connection.receive() }
        }
        for parameters in ["7", "[]", "{\"instances\":7}", "{\"instances\":[7]}", "null"] {
            let connection = try connect()
            let call = "{\"method\":\"io.bedplate.Supervisor.Start\",\"parameters\":\(parameters)}\0"
            try connection.send(Array(call.utf8))
            let reply = try #require(VarlinkReply(try connection.receive()))
            #expect(reply.result == .failure(.invalidParameter("instances")))
        }
        #expect(try fixture.status("api").healthy)
    }

    @Test("a huge message ends its conversation before it is held in memory, and harms nobody")
    func huge() throws {
        let before = try #require(residentPages())
        let connection = try connect()
        let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(throws: OperatorError.self) {
            for _ in 0..<64 { try connection.send(megabyte) }
            _ = try connection.receive()
        }
        #expect(try fixture.status("api").healthy)
        // The message was 64 MiB.
        #expect(try #require(residentPages()) - before < (16 << 20) / 4096)
    }

    private func residentPages() -> Int? {
        read("/proc/\(fixture.pid)/statm").flatMap {
            String(decoding: $0, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
    }

    @Test("a slow client, which never ends its message or never takes its answers, delays nobody")
    func slow() throws {
        var kept: [ControlConnection] = []
        for count in 1...20 {
            let connection = try connect()
            try connection.send(Array(status.prefix(count)))
            kept.append(connection)
        }
        let deaf = try ControlConnection(path, timeout: .milliseconds(300), doing: "test")
        // More questions than answers fit into a socket; it stops being asked once its answers pile up.
        #expect(throws: OperatorError.self) { for _ in 0..<100_000 { try deaf.send(status) } }
        #expect(try fixture.status("api").healthy)
        // The slow one is answered too, once it has said what it wants.
        try kept[4].send(Array(status.dropFirst(5)))
        #expect(VarlinkReply(try kept[4].receive())?.result != nil)
    }

    @Test("a client that vanishes, before, within or after its message, harms nobody")
    func vanishing() throws {
        for _ in 0..<20 {
            _ = try connect()
            let within = try connect()
            try within.send(status + Array("{\"meth".utf8))
            let after = try connect()
            for _ in 0..<50 { try after.send(status) }
            let following = try connect()
            let parameters: JSON = .object(["follow": .bool(true)])
            try following.send(
                VarlinkCall(method: ControlMethod.events.qualified, parameters: parameters, more: true).message)
        }
        try fixture.client.restart([instance("api")])
        try fixture.wait("only our own conversation is left") {
            try fixture.client.metrics().first { $0.name == "bedplate_supervisor_control_conversations" }?.samples
                .first?.value == 1
        }
        try fixture.waitUntilUp("api")
    }

    @Test("a crowd of clients that say nothing does not keep an operator out")
    func crowd() throws {
        let crowd = try (0..<600).map { _ in try connect() }
        for _ in 0..<5 { #expect(try fixture.status("api").healthy) }
        withExtendedLifetime(crowd) {}
    }

    @Test("the kernel says who asks: a stranger learns and changes nothing", .enabled(if: geteuid() == 0))
    func stranger() throws {
        // The socket's mode keeps strangers out already; this is what is behind it.
        #expect(chmod(path, 0o666) == 0 && chmod(fixture.root, 0o755) == 0)
        let script = """
            import json, socket, sys
            def ask(method):
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(sys.argv[1])
                    s.sendall(json.dumps({'method': method, 'parameters': {'instances': ['api']}}).encode() + b'\\0')
                    return json.loads(s.recv(1 << 20).split(b'\\0')[0]).get('error', 'allowed')
            for method in sys.argv[2:]: print(ask(method))
            """
        func ask(as user: String, _ methods: [ControlMethod]) -> [String] {
            run(
                [
                    "/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "/usr/bin/python3", "-c",
                    script, path,
                ] + methods.map(\.qualified)
            ).split(separator: "\n").map(String.init)
        }
        let methods: [ControlMethod] = [.status, .metrics, .stop, .shutdown]
        let refused = "\(ControlInterface.name).NotPermitted"
        #expect(ask(as: "65534", methods) == methods.map { _ in refused })
        #expect(ask(as: "0", [.status, .metrics]) == ["allowed", "allowed"])
        #expect(try fixture.status("api").healthy)
    }
}
