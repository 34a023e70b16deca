import CoreTypes

/// Where Redis listens and as whom we come: `redis://user:password@host:6379/0`, with everything but the host optional.
struct RedisAddress: Sendable {
    let host: String
    let port: Int32
    /// `nil`: Redis' default user.
    let user: String?
    let password: Secret?
    let database: Int

    init(_ url: Secret) throws(OperatorError) {
        guard let parts = Self.parse(url.reveal()) else {
            throw OperatorError(
                doing: "use the queue", because: "the credential \(url.name) is no Redis connection string",
                next: "write it as redis://user:password@host:6379/0", exit: .usage)
        }
        (host, port, user, database) = (parts.host, parts.port, parts.user, parts.database)
        password = parts.password.map { Secret($0, named: url.name) }
    }

    private static func parse(_ text: String) -> (
        host: String, port: Int32, user: String?, password: String?, database: Int
    )? {
        guard text.hasPrefix("redis://") else { return nil }
        let halves = text.dropFirst(8).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let database = halves.count == 2 && !halves[1].isEmpty ? Int(halves[1]) : 0
        guard let database, (0..<1024).contains(database) else { return nil }
        // A password may hold an `@` that nobody escaped: the last one ends it.
        let at = halves[0].lastIndex(of: "@")
        let place = at.map { halves[0][halves[0].index(after: $0)...] } ?? halves[0]
        let credentials = at.map { halves[0][..<$0] }?.split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let colon = place.lastIndex(of: ":")
        let host = String(colon.map { place[..<$0] } ?? place)
        guard !host.isEmpty, let port = colon.map({ Int32(place[place.index(after: $0)...]) }) ?? 6379,
            (1...65_535).contains(port)
        else { return nil }
        guard let credentials else { return (host, port, nil, nil, database) }
        guard credentials.count == 2, let user = percentDecoded(credentials[0]),
            let password = percentDecoded(credentials[1])
        else { return nil }
        return (host, port, user.isEmpty ? nil : user, password.isEmpty ? nil : password, database)
    }
}

/// The text with each `%41` as the byte it stands for; `nil` where a `%` stands for none, or the bytes are no text.
private func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}
