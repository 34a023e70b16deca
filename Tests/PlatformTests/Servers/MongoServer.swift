import CoreTypes
import Foundation
import Testing

/// SecantusDB, which speaks MongoDB's protocol: no registry has mongod for this distribution's tests.
enum MongoServer {
    static let password = "hun ter@2:/%"
    static let missing: Comment = "SecantusDB could not be installed from PyPI into a virtual environment"

    private static let environment = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build-fixtures/secantusdb")

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

    /// A server that keeps its data in `folder` and demands a password; with the connection string for it.
    ///
    /// Its user is made while the server is open; then it is started again with authentication.
    static func start(in folder: String) async throws -> (server: ServerProcess, url: Secret) {
        let program = try #require(program)
        let arguments = [
            "--host", "127.0.0.1", "--port", "{port}", "--storage-path", folder, "--standalone", "--sync-on-commit",
        ]
        let open = try ServerProcess(program, arguments)
        try await open.start()
        let script = """
            import pymongo, sys
            client = pymongo.MongoClient("127.0.0.1", \(open.port), directConnection=True)
            client.admin.command("createUser", "app", pwd=sys.argv[1], roles=["root"])
            """
        try #require(run(environment.appending(path: "bin/python"), ["-c", script, password]))
        open.kill()
        let server = try ServerProcess(program, arguments + ["--auth"])
        try await server.start()
        return (server, url(port: server.port))
    }

    static func url(port: Int, password: String = password) -> Secret {
        let escaped = password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return Secret("mongodb://app:\(escaped)@127.0.0.1:\(port)/?authSource=admin", named: "MONGO_URL")
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
