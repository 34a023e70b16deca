import Fernet
package import Scanning

/// Some entries in order, and where the next ones begin; `nil` at the end.
package struct Page<Element: Sendable, Position: Sendable>: Sendable {
    package let items: [Element]
    package let next: Position?

    /// From one entry more than asked for: that it is there tells that there is a next page.
    package init(_ fetched: [Element], limit: Int, position: (Element) -> Position) {
        items = Array(fetched.prefix(limit))
        next = fetched.count > limit ? items.last.map(position) : nil
    }
}

/// Where a page of scans ends: newest first, the id decides between scans of the same millisecond.
package struct ScanPosition: Sendable, Equatable {
    package let createdAt: Timestamp
    package let id: ScanID

    package init(_ scan: Scan) {
        createdAt = scan.createdAt
        id = scan.id
    }

    /// What the client gets and gives back; it means nothing to it.
    package var token: String { Base64URL.encode(Array("\(createdAt.milliseconds).\(id)".utf8)) }

    package init?(token: String) {
        guard let parts = splitToken(token, into: 2), let moment = Int64(parts[0]), let id = ScanID(parts[1]) else {
            return nil
        }
        createdAt = Timestamp(milliseconds: moment)
        self.id = id
    }
}

/// Where a page of findings ends: worst first, then by path, line and fingerprint.
package struct FindingPosition: Sendable, Equatable {
    package let severity: Severity
    package let line: Int
    package let fingerprint: String
    package let path: String

    package init(_ finding: Finding) {
        severity = finding.severity
        line = finding.line
        fingerprint = finding.fingerprint
        path = finding.path
    }

    package var token: String {
        Base64URL.encode(Array("\(severity.rawValue).\(line).\(fingerprint).\(path)".utf8))
    }

    package init?(token: String) {
        // The path comes last: it may contain dots.
        guard let parts = splitToken(token, into: 4), let severity = Severity(rawValue: String(parts[0])),
            let line = Int(parts[1])
        else { return nil }
        self.severity = severity
        self.line = line
        fingerprint = String(parts[2])
        path = String(parts[3])
    }
}

private func splitToken(_ token: String, into count: Int) -> [Substring]? {
    guard token.utf8.count <= 8192, let bytes = Base64URL.decode(token),
        let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let parts = text.split(separator: ".", maxSplits: count - 1, omittingEmptySubsequences: false)
    return parts.count == count ? parts : nil
}
