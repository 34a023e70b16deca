import CoreTypes
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Platform

/// The platform's programs in a folder of their own, each a process that a test may kill.
class LivePlatform {
    static let secrets = [
        "SECRET_KEY": "0123456789abcdef0123456789abcdef", "ADMIN_PASSWORD": "an-administrator",
        "SETUP_TOKEN": "a-token-for-the-setup", "WEBHOOK_SECRET": "a-secret-for-the-webhooks",
        "CLOUD_ENCRYPTION_KEY": "bm90LWEtc2VjcmV0LW9mLWFueWJvZHktMDEyMzQ1Njc=",  // bedplate:allow-secret
    ]

    let folder: ScratchFolder
    let data: DataFolder
    /// What the programs have, from outside of them.
    let queue: any JobQueue
    private let port: Int
    private let environment: [String: String]
    private var programs: [String: Program] = [:]

    /// On the embedded databases, with more in the environment.
    convenience init(embedded environment: [String: String]) throws {
        let folder = try ScratchFolder()
        let data = DataFolder(path: FilePath(folder.path).appending("data"))
        try data.create()
        try self.init(
            in: folder, queue: SQLiteQueue(data.queue, time: .system, clock: ContinuousClock()), [:], environment)
    }

    init(in folder: ScratchFolder, queue: any JobQueue, _ urls: [String: String], _ environment: [String: String])
        throws
    {
        self.folder = folder
        self.queue = queue
        data = DataFolder(path: FilePath(folder.path).appending("data"))
        port = try freePort()
        let credentials = folder.path + "/credentials"
        try FileManager.default.createDirectory(atPath: credentials, withIntermediateDirectories: true)
        for (name, value) in Self.secrets.merging(urls, uniquingKeysWith: { $1 }) {
            try value.write(toFile: "\(credentials)/\(name)", atomically: false, encoding: .utf8)
        }
        self.environment = [
            "CSPM_DATA": data.path.string, "CSPM_SLOT": "blue", "CREDENTIALS_DIRECTORY": credentials,
            // Counted all the same: the ledger is part of what must not break.
            "RATE_LIMIT_PER_ADDRESS": "1000000", "RATE_LIMIT_PER_KEY": "1000000",
        ].merging(environment, uniquingKeysWith: { $1 })
    }

    /// Starts a program, or starts it again after it was killed, as the supervisor would.
    func start(_ name: String) throws {
        let starts = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).count) ?? 0
        programs[name] = try Program(
            name == "api" ? [name, "--port", "\(port)"] : [name], environment: environment,
            log: "\(folder.path)/\(name)-\(starts).log")
    }

    func kill(_ name: String) async throws {
        programs[name]?.signal(SIGKILL)
        #expect(try await programs[name]?.status() == nil)
    }

    func isRunning(_ name: String) -> Bool { programs[name]?.isRunning == true }

    /// Ends all programs as the supervisor does, and expects them to agree.
    func stop() async throws {
        for program in programs.values { program.signal(SIGTERM) }
        for program in programs.values { #expect(try await program.status() == 0) }
    }

    /// Everything that all programs wrote to their logs.
    func logs() throws -> String {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".log") }
            .map { try String(contentsOfFile: "\(folder.path)/\($0)", encoding: .utf8) }.joined()
    }

    /// All programs, setup completed, signed in: the administrator's token.
    func signedIn() async throws -> String {
        for name in ["api", "worker", "engine"] { try start(name) }
        let isReady = try await eventually { (try? await call("GET", "/api/health/ready").status) == 200 }
        let log = try logs().suffix(2000)
        try #require(isReady, "the API is not ready: \(log)")
        let done = try await call("POST", "/api/setup/complete", Data(#"{"setup_token":"a-token-for-the-setup"}"#.utf8))
        #expect(done.status == 200)
        let login = try await call(
            "POST", "/api/auth/login", Data(#"{"username":"admin","password":"an-administrator"}"#.utf8))
        return try #require(login.json["access_token"] as? String)
    }

    func call(_ method: String, _ path: String, _ body: Data? = nil, token: String? = nil) async throws
        -> (status: Int, json: [String: Any])
    {
        let connection = try Connection(port: port)
        var head =
            "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body?.count ?? 0)\r\n"
        let type =
            path.contains("containers")
            ? "application/x-tar" : path.contains("upload") ? "application/zip" : "application/json"
        head += "Content-Type: \(type)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        try connection.send(Array((head + "\r\n").utf8) + Array(body ?? Data()))
        let reply = await connection.receiveAll()
        let parts = reply.components(separatedBy: "\r\n\r\n")
        let json = try? JSONSerialization.jsonObject(with: Data((parts.count > 1 ? parts[1] : "").utf8))
        return (Int(reply.dropFirst(9).prefix(3)) ?? 0, json as? [String: Any] ?? [:])
    }

    /// All pages of a list.
    func all(_ path: String, token: String) async throws -> [[String: Any]] {
        var items: [[String: Any]] = []
        var cursor: String? = ""
        while let place = cursor {
            let page = try await call(
                "GET", "\(path)?limit=200" + (place.isEmpty ? "" : "&cursor=\(place)"), token: token)
            try #require(page.status == 200)
            items += page.json["items"] as? [[String: Any]] ?? []
            cursor = page.json["next"] as? String
        }
        return items
    }

    /// Everything that scans leave on the disk while they run.
    func files() throws -> [String] {
        try [data.uploads, data.workspaces].flatMap { try FileManager.default.contentsOfDirectory(atPath: $0.string) }
    }

    /// No job of any topic is left; a job ends a moment after its scan.
    func isIdle() async throws -> Bool {
        for topic in Topic.allCases {
            let counts = try await queue.counts(of: topic)
            guard counts == QueueCounts(waiting: 0, held: 0, dead: 0) else { return false }
        }
        return true
    }

    /// A small ZIP with two private keys in it, put together so that no scanner finds one in this file.
    static let upload: Data = {
        let key = """
            first line
            -----BEGIN RSA PRIVATE \("KEY")-----
            MIIEowIBAAKCAQEAwJ4nVbQ3mYx0Zr8sT1uK6dFgHpLqWcEiRvXzNtBjUoSaMkDl
            Qy7fPhG2C5eOwIxAnVb3mYz0Tr8sK1uJ6dFgHpLqWcEiRvXzNtBjUoSaMkDlQy7f
            -----END RSA PRIVATE \("KEY")-----
            """
        return Data(Zip.archive([("a.pem", Array(key.utf8)), ("b.pem", Array(key.utf8))]))
    }()
}
