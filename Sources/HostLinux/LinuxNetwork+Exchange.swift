import Dispatch
import Glibc
import Host
import SystemPackage

extension LinuxNetwork {
    package func exchange(
        address: String, port: Int, request: [UInt8], limit: Int, timeout: Duration
    ) async throws -> [UInt8] {
        // These calls block, which a thread of Swift's own few must not.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try Self.exchangeBlocking(address, port, request, limit: limit, timeout: timeout)
                    })
            }
        }
    }

    private static func exchangeBlocking(
        _ address: String, _ port: Int, _ request: [UInt8], limit: Int, timeout: Duration
    ) throws -> [UInt8] {
        func checked<Number: SignedInteger>(_ result: Number) throws -> Number {
            guard result == -1 else { return result }
            let error = Errno(rawValue: errno)
            // What a socket says when its time is up.
            let isLate = error == .resourceTemporarilyUnavailable || error == .nowInProgress
            throw HostError.connection(address: address, port: port, errno: isLate ? .timedOut : error)
        }
        let target = try SocketAddress(address, port: port)
        let descriptor = try checked(
            socket(target.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        defer { close(descriptor) }
        // SO_SNDTIMEO bounds connect(2) too: socket(7).
        let (seconds, attoseconds) = timeout.components
        var wait = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = try checked(setsockopt(descriptor, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size)))
        }
        _ = try checked(target.withPointer { connect(descriptor, $0, $1) })

        let stopwatch = Stopwatch(ContinuousClock())
        var sent = 0
        while sent < request.count {
            sent += try checked(
                request[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while answer.count < limit {
            guard stopwatch.elapsed < timeout else {
                throw HostError.connection(address: address, port: port, errno: .timedOut)
            }
            let count = try checked(recv(descriptor, &chunk, min(chunk.count, limit - answer.count), 0))
            guard count > 0 else { break }
            answer.append(contentsOf: chunk[..<count])
        }
        return answer
    }
}

/// An IPv4 or IPv6 address by number.
private struct SocketAddress {
    let family: Int32
    private var storage = sockaddr_storage()
    private let size: socklen_t

    init(_ text: String, port: Int) throws {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, text, &four.sin_addr) == 1 {
            family = AF_INET
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = in_port_t(port).bigEndian
            size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, text, &six.sin6_addr) == 1 {
            family = AF_INET6
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = in_port_t(port).bigEndian
            size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
        } else {
            throw HostError.connection(address: text, port: port, errno: .invalidArgument)
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}
