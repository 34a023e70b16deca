import Foundation
import Glibc
import Platform
import SystemPackage
import Testing

@Suite("The programs themselves (runtime)", .serialized)
final class ProgramsRuntimeTests {
    private let folder = FilePath(NSTemporaryDirectory()).appending("programs-\(UUID().uuidString)")
    private let port: Int
    private let environment: [String: String]
    /// They live as long as their test.
    private var started: [Program] = []

    init() throws {
        port = try freePort()
        environment = [
            "CSPM_DATA": folder.appending("data").string, "CSPM_SLOT": "green",
            "CREDENTIALS_DIRECTORY": folder.appending("credentials").string, "LOG_LEVEL": "debug",
        ]
        let credentials = folder.appending("credentials").string
        try FileManager.default.createDirectory(atPath: credentials, withIntermediateDirectories: true)
        for (name, value) in Self.secrets {
            try value.write(toFile: "\(credentials)/\(name)", atomically: false, encoding: .utf8)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    private static let secrets = [
        "SECRET_KEY": "0123456789abcdef0123456789abcdef", "ADMIN_PASSWORD": "an-administrator",
        "SETUP_TOKEN": "a-token-for-the-setup",
    ]

    /// Text with a private key in it, put together so that no scanner finds one in this file.
    private static let planted = """
        first line
        -----BEGIN RSA PRIVATE \("KEY")-----
        MIIEowIBAAKCAQEAwJ4nVbQ3mYx0Zr8sT1uK6dFgHpLqWcEiRvXzNtBjUoSaMkDl
        Qy7fPhG2C5eOwIxAnVb3mYz0Tr8sK1uJ6dFgHpLqWcEiRvXzNtBjUoSaMkDlQy7f
        -----END RSA PRIVATE \("KEY")-----
        """

    private func start(_ name: String, _ arguments: [String] = []) throws -> Program {
        let program = try Program([name] + arguments, environment: environment, log: log(name))
        started.append(program)
        return program
    }

    private func log(_ name: String) -> String { folder.appending("\(name).log").string }

    private func call(_ method: String, _ path: String, _ body: Data? = nil, token: String? = nil) async throws
        -> (status: Int, json: [String: Any])
    {
        let connection = try Connection(port: port)
        var head =
            "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body?.count ?? 0)\r\n"
        head += "Content-Type: \(path.contains("upload") ? "application/zip" : "application/json")\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        try connection.send(Array((head + "\r\n").utf8) + Array(body ?? Data()))
        let reply = await connection.receiveAll()
        let parts = reply.components(separatedBy: "\r\n\r\n")
        let json = try? JSONSerialization.jsonObject(with: Data((parts.count > 1 ? parts[1] : "").utf8))
        return (Int(reply.dropFirst(9).prefix(3)) ?? 0, json as? [String: Any] ?? [:])
    }

    private func isHealthy() async -> Bool { (try? await call("GET", "/api/health/ready").status) == 200 }

    /// Starts the API, completes setup and signs in.
    private func signedIn() async throws -> (api: Program, token: String) {
        let api = try start("api", ["--port", "\(port)"])
        #expect(try await eventually { await isHealthy() })
        #expect(
            try await call("POST", "/api/setup/complete", Data(#"{"setup_token":"a-token-for-the-setup"}"#.utf8)).status
                == 200)
        let login = try await call(
            "POST", "/api/auth/login", Data(#"{"username":"admin","password":"an-administrator"}"#.utf8))
        return (api, try #require(login.json["access_token"] as? String))
    }

    private func upload(_ files: [(String, [UInt8])], _ token: String) async throws -> String {
        let reply = try await call("POST", "/api/code/upload-scan", Data(Zip.archive(files)), token: token)
        #expect(reply.status == 202)
        return try #require(reply.json["scan_id"] as? String)
    }

    private func status(_ id: String, _ token: String) async throws -> String? {
        try await call("GET", "/api/scans/\(id)", token: token).json["status"] as? String
    }

    @Test("an upload goes through all programs to its findings; SIGTERM ends each with 0; no log holds a secret")
    func wholeLine() async throws {
        let (api, token) = try await signedIn()
        let programs = [api, try start("worker"), try start("engine")]
        let id = try await upload(
            [("src/key.pem", Array(Self.planted.utf8)), ("README", Array("nothing\n".utf8))], token)
        #expect(try await eventually { try await status(id, token) == "completed" })
        let page = try await call("GET", "/api/scans/\(id)/findings", token: token)
        let findings = page.json["items"] as? [[String: Any]] ?? []
        #expect(findings.map { $0["path"] as? String } == ["src/key.pem"])
        #expect(findings.first?["line"] as? Int == 2)
        #expect(!"\(page.json)".contains("MIIEow"))
        for program in programs { program.signal(SIGTERM) }
        for program in programs { #expect(try await program.status() == 0) }
        for name in ["api", "worker", "engine"] {
            let text = try String(contentsOfFile: log(name), encoding: .utf8)
            for secret in Array(Self.secrets.values) + [token, "MIIEow"] { #expect(!text.contains(secret)) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending("data/uploads").string).isEmpty)
    }

    @Test("an engine that is killed in the middle of a scan: the next one ends it with the same findings, once each")
    func killedEngine() async throws {
        let (_, token) = try await signedIn()
        let worker = try start("worker")
        // Enough text that the scanner is still at it when it is killed.
        let filler = Array(
            String(repeating: "let value = compute(alpha, beta, gamma) // nothing here\n", count: 20_000).utf8)
        let files = (0..<6).map { ("f\($0).pem", Array(Self.planted.utf8) + filler) }
        let id = try await upload(files, token)
        #expect(
            try await eventually {
                try await call("GET", "/api/scans/\(id)", token: token).json["progress"] as? Int == 30
            })
        let doomed = try start("engine")
        #expect(
            try await eventually {
                try await call("GET", "/api/scans/\(id)", token: token).json["progress"] as? Int == 50
            })
        doomed.signal(SIGKILL)
        #expect(try await doomed.status() == nil)
        #expect(try await status(id, token) == "running")
        let engine = try start("engine")
        #expect(try await eventually(within: .seconds(60)) { try await status(id, token) == "completed" })
        let page = try await call("GET", "/api/scans/\(id)/findings?limit=200", token: token)
        let paths = (page.json["items"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
        #expect(paths.sorted() == files.map(\.0).sorted())
        for program in [worker, engine] {
            program.signal(SIGTERM)
            #expect(try await program.status() == 0)
        }
    }

    @Test("the API told to stop finishes the upload that is open, then ends")
    func drains() async throws {
        let (api, token) = try await signedIn()
        let zip = Zip.archive([("a", [1])])
        let connection = try Connection(port: port)
        let head =
            "POST /api/code/upload-scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/zip\r\n"
            + "Authorization: Bearer \(token)\r\nContent-Length: \(zip.count)\r\n\r\n"
        try connection.send(Array(head.utf8) + zip.prefix(20))
        let uploads = folder.appending("data/uploads").string
        #expect(try await eventually { try !FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty })
        api.signal(SIGTERM)
        // It accepts nobody new any more …
        #expect(try await eventually { (try? Connection(port: port)) == nil })
        #expect(api.isRunning)
        // … and answers who was there.
        try connection.send(Array(zip.dropFirst(20)))
        #expect(await connection.receive().hasPrefix("HTTP/1.1 202 "))
        #expect(try await api.status() == 0)
    }

    @Test(
        "a program that cannot start says why in one sentence and exits with the right code",
        arguments: [
            (["api", "--port", "1"], ["CSPM_DATA": "/tmp"], Int32(64), "CREDENTIALS_DIRECTORY is not set"),
            (["worker"], [:], 64, "CSPM_DATA is not set"), (["api", "--port", "0"], [:], 64, "0 is not a port"),
            (["web", "--port", "8", "--files", "/nonexistent"], [:], 64, "the folder cannot be read"),
            (["nothing"], [:], 64, "nothing"),
        ])
    func refusals(arguments: [String], environment: [String: String], code: Int32, words: String) async throws {
        let program = try Program(arguments, environment: environment, log: log("refusal"))
        #expect(try await program.status() == code)
        #expect(try String(contentsOfFile: log("refusal"), encoding: .utf8).contains(words))
    }

    @Test("no answer names what the API is made of, whatever is asked, and however wrong")
    func disclosure() async throws {
        let (_, token) = try await signedIn()
        let login = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        let requests = [
            "GET /api/health HTTP/1.1\r\nHost: x\r\n", "GET /api/nothing HTTP/1.1\r\nHost: x\r\n",
            "GET /api/scans HTTP/1.1\r\nHost: x\r\n", "PUT /api/scans HTTP/1.1\r\nHost: x\r\n",
            "GET /api/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n",
            "GET /api/scans?cursor=%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n",
            login + "Content-Type: application/json\r\n", login + "Content-Type: text/plain\r\n",
            "GET /api/scans HTTP/9.9\r\n", "nonsense\r\n",
            "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 100_000) + "\r\n",
        ]
        var statuses: [String: Int] = [:]
        for request in requests {
            let connection = try Connection(port: port)
            // A server that has heard enough may close before all is sent.
            try? connection.send(Array((request + "Connection: close\r\n\r\n{").utf8))
            let answer = await connection.receiveAll()
            statuses[String(answer.dropFirst(9).prefix(3)), default: 0] += 1
            for word in [
                "\r\nserver:", "x-powered-by", "hummingbird", "swift", "openssl", "sqlite", "libcurl", "fatal",
            ] { #expect(!answer.lowercased().contains(word), "\(request.prefix(40)): \(answer)") }
        }
        // They are what they seem, and nobody is left without an answer.
        #expect(statuses["200"] == 2 && statuses["400"] ?? 0 >= 4, "\(statuses)")
        #expect(statuses[""] == nil, "somebody got no answer")
    }

    @Test("libcurl, with all it brings, is loaded by who looks at a webhook's URL, and by nobody before")
    func lazyLibrary() async throws {
        let (api, token) = try await signedIn()
        let worker = try start("worker")
        func loaded(_ program: Program) throws -> Bool {
            // The kernel tells it a page at a time.
            let file = try #require(FileHandle(forReadingAtPath: "/proc/\(program.pid)/maps"))
            var maps = Data()
            while let piece = try file.read(upToCount: 1 << 16), !piece.isEmpty { maps += piece }
            let text = String(decoding: maps, as: UTF8.self)
            try #require(text.contains("/libcrypto") && text.contains("[stack]"), "not all of it was read")
            return text.contains("/libcurl")
        }
        let id = try await upload([("a", [1])], token)
        #expect(try await eventually { try await status(id, token) == "running" })
        #expect(try !loaded(api) && !loaded(worker))
        let hook = Data(#"{"url":"https://hooks.example/x"}"#.utf8)
        #expect(try await call("POST", "/api/webhooks", hook, token: token).status == 201)
        #expect(try loaded(api) && !loaded(worker))
    }

    @Test("a taken port is named")
    func takenPort() async throws {
        _ = try await signedIn()
        let second = try Program(["api", "--port", "\(port)"], environment: environment, log: log("second"))
        #expect(try await second.status() == 1)
        let text = try String(contentsOfFile: log("second"), encoding: .utf8)
        #expect(text.contains("port \(port) on 127.0.0.1 is taken"))
    }
}
