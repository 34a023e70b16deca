import CLinux
import Glibc
import Testing

/// Stands in for Logstash: takes lines over TCP, when it is asked to look.
final class LineServer {
    let port: Int
    /// The first line.
    private(set) var first: String?
    /// The number at the end of each line's message, of all connections, oldest first; -1 for what is no whole line.
    private(set) var numbers: [Int] = []
    private(set) var connections = 0
    private var listener: Int32
    private var peers: [(descriptor: Int32, rest: [UInt8])] = []

    /// `port` 0: any. A small `window` makes a slow reader felt soon.
    init(port: Int = 0, window: Int32? = nil) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        if var window { setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &window, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let error = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, pointer, &size) == 0 ? 0 : errno
            }
        }
        try #require(error == 0, "listening on port \(port): \(String(cString: strerror(error)))")
        self.port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { stop() }

    /// A port on which nobody listens now.
    static func freePort() throws -> Int { try LineServer().port }

    /// Takes what is there, at most `limit` bytes of each connection; the numbers so far.
    @discardableResult
    func look(limit: Int = .max) -> [Int] {
        while true {
            let peer = linux_accept(listener)
            guard peer >= 0 else { break }
            connections += 1
            peers.append((peer, []))
        }
        var block = [UInt8](repeating: 0, count: min(limit, 1 << 20))
        for index in peers.indices {
            var taken = 0
            while taken < limit {
                let count = recv(peers[index].descriptor, &block, min(block.count, limit - taken), 0)
                guard count > 0 else { break }
                taken += count
                peers[index].rest += block[..<count]
            }
            guard let end = peers[index].rest.lastIndex(of: 0x0A) else { continue }
            for line in peers[index].rest[..<end].split(separator: 0x0A) { add(line) }
            peers[index].rest.removeSubrange(...end)
        }
        return numbers
    }

    private static let head = Array("{\"@timestamp\":\"".utf8)
    private static let tail = Array("\"}".utf8)

    /// Reading every line as JSON would take longer than the tests.
    private func add(_ line: ArraySlice<UInt8>) {
        if first == nil { first = String(decoding: line, as: UTF8.self) }
        let isWhole = line.starts(with: Self.head) && line.suffix(2).elementsEqual(Self.tail)
        let digits = line.dropLast(2).reversed().prefix { (0x30...0x39).contains($0) }.reversed()
        let number = Int(String(decoding: Array(digits), as: UTF8.self))
        numbers.append(isWhole ? number ?? -1 : -1)
    }

    /// Breaks the connections off, as a program that is killed does; what it had not read makes it a reset.
    func hangUp() {
        for peer in peers { close(peer.descriptor) }
        peers = []
    }

    func stop() {
        hangUp()
        if listener >= 0 { close(listener) }
        listener = -1
    }
}
