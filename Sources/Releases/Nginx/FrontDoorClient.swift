package import CoreTypes
package import Host
package import Profiles

/// Asks the front door, as a client of it, which slot answers.
package protocol FrontDoorClient: Sendable {
    /// The answer on one fresh connection.
    func slot() async throws -> Slot
}

/// Asks over HTTP/1.1, one connection a question: a connection that is kept open would be answered by the nginx worker
/// it was made to, which may be an old one.
package struct HTTPFrontDoor: FrontDoorClient {
    private let host: any Host
    private let address: String
    private let port: Int

    package init(_ door: FrontDoor, on host: any Host) {
        self.host = host
        address = door.localAddress
        port = door.port.number
    }

    package func slot() async throws -> Slot {
        let request = "GET /.bedplate/slot HTTP/1.1\r\nHost: bedplate\r\nConnection: close\r\n\r\n"
        let answer = try await host.network.exchange(
            address: address, port: port, request: Array(request.utf8), limit: 64 << 10, timeout: .seconds(2))
        let text = String(decoding: answer, as: UTF8.self)
        // A line of HTTP ends in one Character, "\r\n".
        let status = text.prefix { !$0.isNewline }
        guard status.split(separator: " ").dropFirst().first == "200",
            let body = text.split(separator: "\r\n", omittingEmptySubsequences: false).last,
            let slot = Slot(rawValue: body.filter { !$0.isWhitespace })
        else {
            throw OperatorError(
                doing: "ask the front door on port \(port) which slot is live",
                because: status.isEmpty ? "it hung up" : "it answered '\(status)'")
        }
        return slot
    }
}
