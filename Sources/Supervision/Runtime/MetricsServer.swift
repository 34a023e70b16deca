import CLinux
import Control
import CoreTypes
import Glibc

/// Answers `GET /metrics` on a loopback port, to a few clients at a time.
final class MetricsServer {
    static let maximumClients = 8
    /// A client that has not taken its answer by then is let go.
    static let patience = TimeSpan.seconds(5)

    let endpoint: MetricsEndpoint
    private let descriptor: Int32
    private let loop: EventLoop
    private let text: () -> [UInt8]
    private let gaveUp: (SystemError) -> Void
    private var clients: [Int32: MetricsConversation] = [:]

    /// `gaveUp`: nobody can be let in; the server is to be stopped.
    init(
        _ endpoint: MetricsEndpoint, loop: EventLoop, text: @escaping () -> [UInt8],
        gaveUp: @escaping (SystemError) -> Void
    ) throws(SystemError) {
        self.endpoint = endpoint
        self.loop = loop
        self.text = text
        self.gaveUp = gaveUp
        descriptor = try Self.listen(at: endpoint)
        do throws(SystemError) { try loop.watch(descriptor) { [unowned self] _ in accept() } } catch {
            close(descriptor)
            throw error
        }
    }

    func stop() {
        for client in Array(clients.values) { client.close() }
        loop.unwatch(descriptor)
        close(descriptor)
    }

    private static func listen(at endpoint: MetricsEndpoint) throws(SystemError) -> Int32 {
        let isV6 = endpoint.address.utf8.contains(UInt8(ascii: ":"))
        let doing = "listening on port \(endpoint.port) of \(endpoint.address)"
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(isV6 ? AF_INET6 : AF_INET, flags, 0)
        guard descriptor >= 0 else { throw SystemError(doing) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let port = in_port_t(truncatingIfNeeded: endpoint.port).bigEndian
        var failure: Int32
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port
            inet_pton(AF_INET6, endpoint.address, &address.sin6_addr)
            failure = bind(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port
            inet_pton(AF_INET, endpoint.address, &address.sin_addr)
            failure = bind(descriptor, &address)
        }
        if failure == 0, Glibc.listen(descriptor, 16) != 0 { failure = errno }
        guard failure == 0 else {
            close(descriptor)
            throw SystemError(doing, failure)
        }
        return descriptor
    }

    /// The errno, or 0.
    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0 ? 0 : errno
            }
        }
    }

    private func accept() {
        let client = linux_accept(descriptor)
        guard client >= 0 else {
            // The client would wake the loop again and again.
            if errno == EMFILE || errno == ENFILE { gaveUp(SystemError("letting in a client of the metrics")) }
            return
        }
        // Metrics are the first to go without when descriptors are scarce.
        guard !DescriptorReserve.includes(client) else {
            close(client)
            return
        }
        if clients.count >= Self.maximumClients { clients.values.min { $0.deadline < $1.deadline }?.close() }
        let conversation = MetricsConversation(
            client, loop: loop, deadline: SystemClock.now + Self.patience, text: text
        ) { [unowned self] descriptor in clients[descriptor] = nil }
        clients[client] = conversation
        do throws(SystemError) { try conversation.start() } catch { conversation.close() }
    }

    /// When somebody's patience ends.
    var deadline: Moment? { clients.values.lazy.map(\.deadline).min() }

    func expire(at now: Moment) {
        for client in clients.values.filter({ $0.deadline <= now }) { client.close() }
    }
}
