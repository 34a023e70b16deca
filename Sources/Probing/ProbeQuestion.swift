package import CoreTypes
import Glibc

/// What `bedplate-probe` is asked on its command line: one question, answered once.
///
///     bedplate-probe unit NAME [--timeout MILLISECONDS]
///     bedplate-probe redis ADDRESS PORT [--user NAME] [--password-file PATH] [--timeout MILLISECONDS]
///     bedplate-probe mongodb ADDRESS PORT [--user NAME] [--password-file PATH] [--database NAME] [--timeout MILLISECONDS]
package enum ProbeQuestion: Sendable {
    case unit(name: String, timeout: Duration)
    case redis(Endpoint, timeout: Duration)
    case mongodb(Endpoint, database: String, timeout: Duration)

    /// What is printed, and how the program ends: 0 and nothing when all is well, 1 and the reason when it is not.
    package struct Answer: Sendable, Equatable {
        package var line: String?
        package var exit: ExitCode
    }

    package static func ask(_ arguments: [String]) -> Answer {
        do throws(OperatorError) {
            guard let reason = try ProbeQuestion(arguments).reason else { return Answer(line: nil, exit: .done) }
            return Answer(line: reason, exit: .failed)
        } catch { return Answer(line: "\(error)", exit: error.exit) }
    }

    private static let synopsis =
        "bedplate-probe unit NAME | redis ADDRESS PORT | mongodb ADDRESS PORT "
        + "[--user NAME] [--password-file PATH] [--database NAME] [--timeout MILLISECONDS]"

    private init(_ arguments: [String]) throws(OperatorError) {
        var words: [String] = []
        var options: [String: String] = [:]
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            guard ["--user", "--password-file", "--database", "--timeout"].contains(word), let value = rest.popFirst()
            else { throw Self.wrong("'\(word)' is no option, or lacks its value") }
            options[word] = value
        }
        guard let milliseconds = Int64(options["--timeout"] ?? "2000"), milliseconds > 0 else {
            throw Self.wrong("the timeout is no number of milliseconds")
        }
        let timeout = Duration.milliseconds(milliseconds)
        switch (words.first, words.count) {
        case ("unit", 2): self = .unit(name: words[1], timeout: timeout)
        case ("redis", 3): self = .redis(try Self.endpoint(words, options), timeout: timeout)
        case ("mongodb", 3):
            let database = options["--database"] ?? "admin"
            self = .mongodb(try Self.endpoint(words, options), database: database, timeout: timeout)
        default: throw Self.wrong("that is no question")
        }
    }

    private static func wrong(_ because: String) -> OperatorError {
        OperatorError(doing: "probe", because: because, next: synopsis, exit: .usage)
    }

    private static func endpoint(_ words: [String], _ options: [String: String]) throws(OperatorError) -> Endpoint {
        guard let port = Int(words[2]), (1...65535).contains(port) else { throw wrong("'\(words[2])' is no port") }
        var endpoint = Endpoint(address: words[1], port: port)
        if let path = options["--password-file"] {
            endpoint.credentials = Endpoint.Credentials(
                user: options["--user"], password: Secret(try password(in: path), named: "the password"))
        }
        return endpoint
    }

    /// Without the newline that may end the file.
    private static func password(in path: String) throws(OperatorError) -> String {
        func failure(_ reason: String) -> OperatorError {
            OperatorError(doing: "probe", because: "the password in '\(path)' cannot be read: \(reason)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        while count < bytes.count {
            let read = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            if read < 0 { throw failure(String(cString: strerror(errno))) }
            if read == 0 { break }
            count += read
        }
        guard count < bytes.count else { throw failure("it is too long") }
        if count > 0, bytes[count - 1] == 0x0A { count -= 1 }
        // To a C library it would end there.
        guard !bytes[..<count].contains(0) else { throw failure("it holds a NUL byte") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Why all is not well, in one line; `nil`: it is.
    private var reason: String? {
        switch self {
        case .unit(let name, let timeout): return UnitProbe(name, timeout: timeout).check().map { "\(name): \($0)" }
        case .redis(let endpoint, let timeout):
            return Self.reason(RedisProbe(endpoint, timeout: timeout), "redis", endpoint)
        case .mongodb(let endpoint, let database, let timeout):
            let probe = MongoProbe(endpoint, authenticationDatabase: database, timeout: timeout)
            return Self.reason(probe, "mongodb", endpoint)
        }
    }

    private static func reason(_ probe: some StoreProbe, _ name: String, _ endpoint: Endpoint) -> String? {
        guard case .unhealthy(let failure) = probe.check() else { return nil }
        let host = endpoint.address.contains(":") ? "[\(endpoint.address)]" : endpoint.address
        return "\(name) at \(host):\(endpoint.port): \(failure)"
    }
}
