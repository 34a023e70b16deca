import CLinux
import Control
import Glibc

/// One tcp or http question on a non-blocking socket.
final class SocketProbe {
    /// An answer's body is read up to here, so that the server may finish it in peace.
    static let maximumBody = 64 << 10
    /// The longest line before the body, in bytes.
    static let maximumLine = 4096

    private let loop: EventLoop
    private let descriptor: Int32
    private let request: [UInt8]
    private let statuses: [Int]
    private var sent = 0
    private var received: [UInt8] = []
    /// The rest of an interim answer (1xx) goes by.
    private var isInterim = false
    private var ignored = 0
    private var answer: ((ProbeOutcome) -> Void)?
    private var isClosed = false
    var isAnswered: Bool { answer == nil }

    /// Answers at most once, never from within `init`'s caller unless connecting failed at once.
    init(_ check: ProbeSpec.Check, loop: EventLoop, answer: @escaping (ProbeOutcome) -> Void) {
        self.loop = loop
        let target: (host: String, port: Int)
        switch check {
        case .tcp(let host, let port):
            target = (host ?? Self.loopback, port)
            request = []
            statuses = []
        case .http(let host, let port, let path, let method, let expected, let headers):
            target = (host ?? Self.loopback, port)
            var text = "\(method) \(path) HTTP/1.1\r\nConnection: close\r\n"
            if !headers.keys.contains(where: { $0.lowercased() == "host" }) {
                let name = target.host.contains(":") ? "[\(target.host)]" : target.host
                text += "Host: \(name):\(port)\r\n"
            }
            if !headers.keys.contains(where: { $0.lowercased() == "user-agent" }) {
                text += "User-Agent: bedplated\r\n"
            }
            for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
            request = Array((text + "\r\n").utf8)
            statuses = expected
        case .exec, .notify, .unit, .redis, .mongodb:
            target = (Self.loopback, 0)
            request = []
            statuses = []
        }
        let family = target.host.contains(":") ? AF_INET6 : AF_INET
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.answer = answer
        connect(to: target.host, port: target.port)
    }

    private static let loopback = "127.0.0.1"

    deinit { close() }

    /// Gives up: nobody waits for the answer any more.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        answer = nil
        guard descriptor >= 0 else { return }
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
    }

    private func connect(to host: String, port: Int) {
        guard descriptor >= 0 else { return conclude(.failure("\(SystemError("making a socket"))")) }
        let result = InternetAddress.with(host, port: port) { Glibc.connect(descriptor, $0, $1) }
        guard let result else { return conclude(.failure("'\(host)' is no IP address")) }
        guard result == 0 || errno == EINPROGRESS else { return conclude(.failure(words(errno))) }
        do throws(SystemError) {
            try loop.watch(descriptor, for: EventLoop.writable) { [unowned self] _ in ready() }
        } catch { conclude(.failure("\(error)")) }
    }

    private func ready() {
        if sent < request.count || request.isEmpty {
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            guard error == 0 else { return conclude(.failure(words(error))) }
            if request.isEmpty { return conclude(.success) }
            return send()
        }
        receive()
    }

    private func send() {
        let count = request.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress! + sent, request.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            return conclude(.failure(words(errno)))
        }
        sent += count
        if sent == request.count { loop.change(descriptor, to: EventLoop.readable) }
    }

    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            return conclude(.failure(words(errno)))
        }
        if count == 0 { return conclude(.failure("closed the connection without an answer")) }
        guard answer != nil else {
            ignored += count
            if ignored > Self.maximumBody { close() }
            return
        }
        received.append(contentsOf: chunk[..<count])
        while answer != nil, let end = received.firstIndex(of: 0x0A) {
            let line = received[..<end].last == 0x0D ? received[..<(end - 1)] : received[..<end]
            let text = String(decoding: line, as: UTF8.self)
            received.removeFirst(end + 1)
            if isInterim { isInterim = !text.isEmpty } else { judge(text) }
        }
        if answer != nil, received.count > Self.maximumLine { conclude(.failure("its answer is no HTTP")) }
    }

    private func judge(_ line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            words[1].allSatisfy(\.isASCII), let status = Int(words[1]), status >= 100
        else { return conclude(.failure("its answer is no HTTP")) }
        // The real answer follows, unless the server left HTTP for something else.
        if status < 200, status != 101 {
            isInterim = true
            return
        }
        let isExpected = statuses.isEmpty ? (200...299).contains(status) : statuses.contains(status)
        let answer = self.answer
        self.answer = nil
        received = []
        // The rest of the answer is read and ignored until the server closes.
        answer?(isExpected ? .success : .failure("answered \(status)"))
    }

    private func conclude(_ outcome: ProbeOutcome) {
        let answer = self.answer
        close()
        answer?(outcome)
    }

    private func words(_ error: Int32) -> String {
        let text = String(cString: strerror(error))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
