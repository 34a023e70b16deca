import Glibc

/// Whether anybody listens at an address, told apart by errno where a driver only has words.
enum TCPCheck {
    static func connect(to address: String, port: Int, deadline: Deadline) throws(StoreFailure) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let target = found?.pointee else {
            throw .unreachable(errno: EINVAL)
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(
            target.ai_family, target.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .unreachable(errno: errno) }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, target.ai_addr, target.ai_addrlen) == 0 { return }
        guard errno == EINPROGRESS else { throw StoreFailure(errno: errno) }
        try deadline.wait(for: descriptor, POLLOUT)
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        if error != 0 { throw StoreFailure(errno: error) }
    }
}
