import CHiredis
package import CoreTypes
import Glibc

/// An authenticated PING.
package struct RedisProbe: StoreProbe {
    private let endpoint: Endpoint
    private let timeout: Duration

    package init(_ endpoint: Endpoint, timeout: Duration = .seconds(2)) {
        self.endpoint = endpoint
        self.timeout = timeout
    }

    package func check() -> StoreHealth {
        PipeSignal.blocked {
            do throws(StoreFailure) {
                let deadline = Deadline(after: timeout)
                let connection = try RedisConnection(endpoint, deadline: deadline)
                defer { connection.close() }
                if let credentials = endpoint.credentials {
                    try authenticate(credentials, on: connection)
                }
                let pong = try connection.ask("PING")
                guard case .status("PONG") = pong else { throw failure(of: pong) }
                return .healthy(version: version(from: try connection.ask("INFO", "server")), latency: deadline.elapsed)
            } catch {
                return .unhealthy(error)
            }
        }
    }

    /// From now on the default user can show `password`, too, until the server is started again.
    package func admit(_ password: Secret) throws {
        let result = PipeSignal.blocked { () -> Result<Void, StoreFailure> in
            do throws(StoreFailure) {
                let connection = try RedisConnection(endpoint, deadline: Deadline(after: timeout))
                defer { connection.close() }
                if let credentials = endpoint.credentials { try authenticate(credentials, on: connection) }
                let reply = try connection.ask("ACL", "SETUSER", "default", ">" + password.reveal())
                guard case .status("OK") = reply else { return .failure(failure(of: reply)) }
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    private func authenticate(_ credentials: Endpoint.Credentials, on connection: RedisConnection) throws(StoreFailure)
    {
        let words = ["AUTH", credentials.user, credentials.password.reveal()].compactMap { $0 }
        switch try connection.ask(words) {
        case .status("OK"): return
        // "ERR AUTH … called without any password configured": every other refusal has a code of its own.
        case .error("ERR"): throw .unprotected
        case let reply: throw failure(of: reply)
        }
    }

    private func failure(of reply: RedisConnection.Reply) -> StoreFailure {
        switch reply {
        case .error(let code) where ["NOAUTH", "WRONGPASS", "NOPERM"].contains(code): .authentication
        case .error(let code): .notReady(code)
        case .status, .text, .other: .wrongServer
        }
    }

    /// A user without the right to INFO is healthy too.
    private func version(from reply: RedisConnection.Reply) -> String? {
        guard case .text(let text) = reply else { return nil }
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }
        return line.map { String($0.dropFirst("redis_version:".count)) }
    }
}
