import CoreTypes
import Foundation
import Testing

/// The real Redis with a password and an append-only file.
enum RedisServer {
    static let password = "re/dis@ pass"
    static let program: URL? = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }.map { URL(filePath: $0) }
    static let missing: Comment = "there is no redis-server on this machine"

    /// A server that keeps its data in `folder`; with the connection string for it.
    static func start(in folder: String) async throws -> (server: ServerProcess, url: Secret) {
        // The password is in a file: on the command line it would be cut at its blank.
        try "requirepass \"\(password)\"\n".write(toFile: folder + "/redis.conf", atomically: false, encoding: .utf8)
        let server = try ServerProcess(
            try #require(program),
            [
                folder + "/redis.conf", "--port", "{port}", "--bind", "127.0.0.1", "--dir", folder, "--appendonly",
                "yes",
                "--save", "",
            ])
        try await server.start()
        return (server, url(port: server.port))
    }

    static func url(port: Int, password: String = password) -> Secret {
        let escaped = password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return Secret("redis://:\(escaped)@127.0.0.1:\(port)/2", named: "REDIS_URL")
    }
}
