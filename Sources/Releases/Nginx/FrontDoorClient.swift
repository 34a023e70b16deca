package import CoreTypes
package import Host
package import Profiles

/// Asks the front door, as a client of it, what it has read of `live.conf`.
package protocol FrontDoorClient: Sendable {
    /// The answer on one fresh connection.
    func ask() async throws -> FrontDoorAnswer
}

/// What the front door says of itself: `blue`, or `blue 10` while the other slot has a share of ten percent.
package struct FrontDoorAnswer: Sendable, Equatable, CustomStringConvertible {
    package let live: Slot
    /// Percent of the clients that meet the other slot.
    package let share: Int?

    package init(live: Slot, share: Int? = nil) {
        self.live = live
        self.share = share
    }

    init?(_ text: some StringProtocol) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard (1...2).contains(words.count), let live = Slot(rawValue: String(words[0])) else { return nil }
        self.live = live
        share = words.count == 2 ? Int(words[1]) : nil
    }

    package var description: String { share.map { "\(live) \($0)" } ?? live.rawValue }
}

/// Asks over HTTP/1.1, one connection a question: a connection that is kept open would be answered by the nginx worker
/// it was made to, which may be an old one.
package struct HTTPFrontDoor: FrontDoorClient {
    private let host: any Host
    private let listener: Listener

    package init(_ door: FrontDoor, on host: any Host) {
        self.host = host
        listener = door.plainListener
    }

    package func ask() async throws -> FrontDoorAnswer {
        let port = listener.port.number
        let request = "GET \(SiteConfiguration.marker) HTTP/1.1\r\nHost: bedplate\r\nConnection: close\r\n\r\n"
        let answer = try await host.network.exchange(
            address: listener.localAddress, port: port, request: Array(request.utf8), limit: 64 << 10,
            timeout: .seconds(2))
        let text = String(decoding: answer, as: UTF8.self)
        // A line of HTTP ends in one Character, "\r\n".
        let status = text.prefix { !$0.isNewline }
        guard status.split(separator: " ").dropFirst().first == "200",
            let body = text.split(separator: "\r\n", omittingEmptySubsequences: false).last,
            let said = FrontDoorAnswer(body)
        else {
            throw OperatorError(
                doing: "ask the front door on port \(port) which slot is live",
                because: status.isEmpty ? "it hung up" : "it answered '\(status)'")
        }
        return said
    }
}
