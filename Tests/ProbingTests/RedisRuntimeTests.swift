import CoreTypes
import Foundation
import Testing

@testable import Probing

@Suite(
    "Redis, Runtime",
    .enabled(if: RedisServer.program != nil, "redis-server is not installed: apt-get install redis-server"))
struct RedisRuntimeTests {
    private func probe(_ server: Server, user: String? = nil, _ password: String?) -> RedisProbe {
        let credentials = password.map {
            Endpoint.Credentials(user: user, password: Secret($0, named: "REDIS_PASSWORD"))
        }
        return RedisProbe(Endpoint(port: server.port, credentials: credentials))
    }

    @Test("a server with our password is healthy and tells its version")
    func healthy() throws {
        let server = try RedisServer.start("requirepass hunter2")
        guard case .healthy(let version, let latency) = probe(server, "hunter2").check() else {
            Issue.record("expected healthy, not \(probe(server, "hunter2").check())")
            return
        }
        let text = try #require(version)
        #expect(text.wholeMatch(of: /[67]\.[0-9]+\.[0-9]+/) != nil)
        #expect(latency > .zero)
        #expect(latency < .seconds(2))
    }

    @Test("a wrong password, and none where one is needed, are told apart from everything else")
    func authentication() throws {
        let server = try RedisServer.start("requirepass hunter2")
        #expect(probe(server, "hunter3").check() == .unhealthy(.authentication))
        #expect(probe(server, "").check() == .unhealthy(.authentication))
        #expect(probe(server, nil).check() == .unhealthy(.authentication))
    }

    @Test("a server that is open although we have a password is not healthy")
    func unprotected() throws {
        let server = try RedisServer.start("")
        #expect(probe(server, "hunter2").check() == .unhealthy(.unprotected))
        guard case .healthy = probe(server, nil).check() else {
            Issue.record("without a password of ours it is healthy")
            return
        }
    }

    @Test("a user of its own is healthy without the right to ask for the version")
    func user() throws {
        let server = try RedisServer.start("user default off\nuser app on >hunter2 +ping")
        guard case .healthy(version: nil, _) = probe(server, user: "app", "hunter2").check() else {
            Issue.record("expected healthy without version, not \(probe(server, user: "app", "hunter2").check())")
            return
        }
        #expect(probe(server, user: "api", "hunter2").check() == .unhealthy(.authentication))
    }

    @Test("a password with spaces, quotes and line breaks reaches the server as it is")
    func oddPassword() throws {
        let server = try RedisServer.start("requirepass \"hun ter\\r\\n'2\\\"\"")
        guard case .healthy = probe(server, "hun ter\r\n'2\"").check() else {
            Issue.record("expected healthy")
            return
        }
    }

    @Test("a password that is admitted is good beside the first one, and whoever does not know that one admits none")
    func admitting() throws {
        let server = try RedisServer.start("requirepass hunter2")
        #expect(throws: StoreFailure.authentication) {
            try probe(server, "hunter3").admit(Secret("hunter4", named: "REDIS_PASSWORD"))
        }
        try probe(server, "hunter2").admit(Secret("hun ter 3", named: "REDIS_PASSWORD"))
        for password in ["hunter2", "hun ter 3"] {
            guard case .healthy = probe(server, password).check() else {
                Issue.record("expected healthy, not \(probe(server, password).check())")
                return
            }
        }
        #expect(probe(server, "hunter4").check() == .unhealthy(.authentication))
    }

    @Test("a server that was stopped is refused")
    func stopped() throws {
        let server = try RedisServer.start("requirepass hunter2")
        server.stop()
        #expect(probe(server, "hunter2").check() == .unhealthy(.refused))
    }
}

enum RedisServer {
    static let program = Server.find("/usr/bin/redis-server", "/usr/local/bin/redis-server")

    static func start(_ configuration: String) throws -> Server {
        let program = try #require(program)
        let folder = try ScratchFolder()
        let input = "port {port}\nbind 127.0.0.1\nsave \"\"\ndir \(folder.url.path())\n\(configuration)\n"
        return try Server(program, ["-"], input: input, folder: folder) { port in
            switch RedisProbe(Endpoint(port: port)).check() {
            case .healthy, .unhealthy(.authentication): true
            case .unhealthy: false
            }
        }
    }
}
