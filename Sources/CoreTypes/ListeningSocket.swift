/// A TCP socket that the supervisor opens for a process and hands over (`LISTEN_FDS`, sd_listen_fds(3)).
package struct ListeningSocket: Hashable, Sendable, Codable {
    /// What `LISTEN_FDNAMES` calls it.
    package var name: String
    /// An IP address, without brackets.
    package var address: String
    package var port: Int
    /// How many connections may wait to be accepted.
    package var backlog: Int

    package init(name: String, address: String, port: Int, backlog: Int) {
        self.name = name
        self.address = address
        self.port = port
        self.backlog = backlog
    }

    /// `127.0.0.1:8001`, `[::1]:8001`
    package var place: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    /// How many can be handed to one process.
    package static let maximum = 28
}
