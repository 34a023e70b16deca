// Where it is imported before Glibc, the names of sys/socket.h are its own.
import CSystemd
import Foundation
import Glibc

/// Sockets of the loopback interface, for servers and for peers that misbehave.
enum Loopback {
    /// A listening socket on a port the kernel picks.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutableBytes(of: &address) { raw in
            guard let start = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, start, size) == 0 && Glibc.listen(descriptor, 8) == 0
                && getsockname(descriptor, start, &size) == 0
        }
        guard listens else { throw Failed(call: "listen", errno: errno) }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port nobody listens on.
    static func freePort() throws -> Int {
        let (descriptor, port) = try listen()
        close(descriptor)
        return port
    }

    struct Failed: Error {
        let call: String
        let errno: Int32
    }
}

/// A server that speaks no known protocol; ends when it is released.
final class Peer: Sendable {
    enum Manner: Sendable {
        /// Accepts and never answers.
        case mute
        /// Ends each connection at once, with a reset.
        case closes
        /// Says this to everyone, then listens on.
        case says(String)
        /// Sends a byte of this every 20 ms, without end.
        case trickles(UInt8)
    }

    let port: Int
    private let descriptor: Int32

    init(_ manner: Manner) throws {
        (descriptor, port) = try Loopback.listen()
        if case .mute = manner { return }
        // A number of its own: ours may be another peer's by the time the thread comes back to it.
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        Thread.detachNewThread {
            defer { close(own) }
            while true {
                let client = accept(own, nil, nil)
                guard client >= 0 else { return }
                Thread.detachNewThread { Self.serve(client, manner) }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private static func serve(_ client: Int32, _ manner: Manner) {
        defer { close(client) }
        switch manner {
        case .mute: return
        case .closes:
            // Closing with zero linger resets the connection, so that the next write fails.
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        case .says(let text):
            let bytes = Array(text.utf8)
            send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            var sink = [UInt8](repeating: 0, count: 1024)
            while recv(client, &sink, sink.count, 0) > 0 {}
        case .trickles(let byte):
            var byte = byte
            while send(client, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 { usleep(20_000) }
        }
    }
}
