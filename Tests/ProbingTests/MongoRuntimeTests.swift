import CoreTypes
import Foundation
import Testing

@testable import Probing

/// Against SecantusDB, which speaks MongoDB's protocol: no registry has mongod for this distribution's tests.
@Suite(
    "MongoDB's protocol, Runtime", .serialized,
    .enabled(if: MongoServer.program != nil, "SecantusDB could not be installed from PyPI into a virtual environment"))
struct MongoRuntimeTests {
    private func probe(_ server: Server, user: String = "app", _ password: String?) -> MongoProbe {
        let credentials = password.map {
            Endpoint.Credentials(user: user, password: Secret($0, named: "MONGO_PASSWORD"))
        }
        return MongoProbe(Endpoint(port: server.port, credentials: credentials), timeout: .seconds(5))
    }

    @Test("a server with our user is healthy and tells its version; a wrong password or user is neither")
    func authentication() throws {
        let server = try MongoServer.start(user: "app", password: "hun ter@2:/%")
        guard case .healthy(let version, let latency) = probe(server, "hun ter@2:/%").check() else {
            Issue.record("expected healthy, not \(probe(server, "hun ter@2:/%").check())")
            return
        }
        #expect(try #require(version).wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+/) != nil)
        #expect(latency > .zero)
        #expect(probe(server, "hunter3").check() == .unhealthy(.authentication))
        let users = try probe(server, "hun ter@2:/%").run("{\"usersInfo\": \"app\"}", on: "admin")
        #expect(users.contains("\"role\" : \"root\"") && users.contains("\"db\" : \"admin\""), "\(users)")
        #expect(probe(server, user: "api", "hun ter@2:/%").check() == .unhealthy(.authentication))
        server.stop()
        #expect(probe(server, "hun ter@2:/%").check() == .unhealthy(.refused))
    }

    @Test("a server that needs no password is healthy when we have none")
    func open() throws {
        let server = try MongoServer.start()
        guard case .healthy = probe(server, nil).check() else {
            Issue.record("expected healthy, not \(probe(server, nil).check())")
            return
        }
    }
}

enum MongoServer {
    private static let environment = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".build-fixtures/secantusdb")

    /// Installed once and kept beside the build folder.
    static let program: URL? = {
        let program = environment.appending(path: "bin/secantusd-py")
        if FileManager.default.isExecutableFile(atPath: program.path()) { return program }
        let pip = environment.appending(path: "bin/pip")
        let isInstalled =
            run(URL(filePath: "/usr/bin/python3"), ["-m", "venv", environment.path()])
            && run(pip, ["install", "-q", "--disable-pip-version-check", "secantusdb==0.7.0b3"])
        return isInstalled ? program : nil
    }()

    /// With a user, it is made while the server is open; then the server is started again with authentication.
    static func start(user: String? = nil, password: String = "") throws -> Server {
        let program = try #require(program)
        let folder = try ScratchFolder()
        let arguments = ["--host", "127.0.0.1", "--port", "{port}", "--storage-path", "{folder}", "--standalone"]
        func start(_ more: [String]) throws -> Server {
            try Server(program, arguments + more, folder: folder) { port in
                switch MongoProbe(Endpoint(port: port)).check() {
                case .healthy, .unhealthy(.authentication): true
                case .unhealthy: false
                }
            }
        }
        guard let user else { return try start([]) }
        let open = try start([])
        let script = """
            import pymongo, sys
            client = pymongo.MongoClient("127.0.0.1", \(open.port), directConnection=True)
            client.admin.command("createUser", sys.argv[1], pwd=sys.argv[2], roles=["root"])
            """
        try #require(run(environment.appending(path: "bin/python"), ["-c", script, user, password]))
        open.stop()
        return try start(["--auth"])
    }

    private static func run(_ program: URL, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
