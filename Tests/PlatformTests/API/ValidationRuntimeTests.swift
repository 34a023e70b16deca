import CoreTypes
import Foundation
import Platform
import Testing

@Suite("Setup validates databases (runtime)", .serialized)
struct ValidationRuntimeTests {
    private func validate(_ kind: String, _ url: String?, token: String = Bench.setupToken, bench: Bench? = nil)
        async throws -> Client.Reply
    {
        var fields = ["setup_token": token]
        fields["url"] = url
        let body = String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
        let lines = LogLines()
        let bench = try bench ?? Bench { $0 = $0.with(logger: lines.logger) }
        let reply = try await bench.api { try await $0.post("/api/setup/validate/\(kind)", body) }
        // Neither the reply nor the log has anything of a connection string.
        for word in ["hunter", "re%2F", "re/dis", "hun ter", "://app", "redis://:"] {
            #expect(!reply.text.contains(word) && !lines.text.contains(word))
        }
        return reply
    }

    private func problems(_ reply: Client.Reply) -> String { (reply.json["problems"] as? [String] ?? []).joined() }

    @Test("a Redis that will do is said to, with version and latency", .enabled(if: RedisServer.program != nil))
    func redis() async throws {
        let folder = try ScratchFolder()
        let (server, url) = try await RedisServer.start(in: folder.path)
        let good = try await validate("redis", url.reveal())
        #expect(good.status == 200 && good.json["ok"] as? Bool == true && problems(good).isEmpty)
        #expect(good.string("version").hasPrefix("7.") && good.json["latency_ms"] as? Double ?? 0 > 0)
        #expect(good.json["warnings"] as? [String] == [])

        let configured = try Bench { $0.databases = ConfiguredDatabases(redis: url) }
        #expect(try await validate("redis", nil, bench: configured).json["ok"] as? Bool == true)

        let wrong = try await validate("redis", RedisServer.url(port: server.port, password: "hunter3").reveal())
        #expect(wrong.status == 200 && wrong.json["ok"] as? Bool == false)
        #expect(problems(wrong).hasPrefix("Redis refuses our user or password"))
        let none = try await validate("redis", "redis://127.0.0.1:\(server.port)")
        #expect(problems(none).hasPrefix("Redis refuses our user or password"))
        server.kill()
        #expect(problems(try await validate("redis", url.reveal())) == "nobody answers at Redis' address")
    }

    @Test("a MongoDB that will do is said to, with version and latency", .enabled(if: MongoServer.program != nil))
    func mongodb() async throws {
        let folder = try ScratchFolder()
        let (server, url) = try await MongoServer.start(in: folder.path)
        let good = try await validate("mongodb", url.reveal())
        #expect(good.status == 200 && good.json["ok"] as? Bool == true, "\(good.text)")
        #expect(good.string("version").contains(".") && good.json["latency_ms"] as? Double ?? 0 > 0)
        let wrong = try await validate("mongodb", MongoServer.url(port: server.port, password: "hunter3").reveal())
        #expect(wrong.json["ok"] as? Bool == false)
        #expect(problems(wrong).hasPrefix("MongoDB refuses our user or password"), "\(wrong.text)")
        server.kill()
        #expect(problems(try await validate("mongodb", url.reveal())) == "nobody answers at MongoDB's address")
    }

    @Test(
        "a connection string that is none gets a sentence and is not repeated", arguments: ["mongodb", "redis"],
        ["", "hunter2", "http://hunter2@x", "redis://hunter2", "mongodb://u:hunter2@/x:y", "mongodb://u:hun\0ter2@h/"])
    func malformed(kind: String, url: String) async throws {
        guard kind == "mongodb" || !url.isEmpty else { return }
        let reply = try await validate(kind, url == "redis://hunter2" && kind == "redis" ? "redis://:hunter2@h:0" : url)
        #expect(reply.status == 200 && reply.json["ok"] as? Bool == false)
        #expect(problems(reply).contains("connection string"), "\(reply.text)")
    }

    @Test("without the setup token nobody looks around in the network, and after setup nobody at all")
    func guarded() async throws {
        #expect(try await validate("redis", "redis://127.0.0.1:1", token: "wrong").status == 403)
        #expect(try await validate("redis", nil).status == 400)
        let bench = try Bench()
        _ = try await bench.setUp()
        for kind in ["mongodb", "redis"] { #expect(try await validate(kind, "x", bench: bench).status == 409) }
    }
}
