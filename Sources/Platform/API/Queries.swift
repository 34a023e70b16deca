import Hummingbird
import Scanning

/// `?limit=…&cursor=…` of a list.
struct PageQuery<Position> {
    let limit: Int
    let position: Position?

    init(_ request: Request, position parse: (String) -> Position?) throws {
        let query = request.uri.queryParameters
        guard let limit = Int(query["limit"] ?? "50"), (1...200).contains(limit) else {
            throw Refusal(.badRequest, "limit must be a number from 1 to 200")
        }
        self.limit = limit
        position = try query["cursor"].map {
            guard let position = parse(String($0)) else { throw Refusal.noSuchPage }
            return position
        }
    }
}

/// One of a few values that clients choose by name.
protocol NamedChoice: CaseIterable, RawRepresentable<String> {}

extension NamedChoice {
    private static var known: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// `field` is what a refusal calls it.
    init(named text: some StringProtocol, in field: some StringProtocol) throws(Refusal) {
        guard let value = Self(rawValue: String(text)) else {
            throw Refusal(.badRequest, "\(field) must be one of \(Self.known)")
        }
        self = value
    }

    /// Those with these names, in their own order; there must be one, and no other name.
    static func all(named names: [String], in field: String) throws(Refusal) -> [Self] {
        let chosen = allCases.filter { names.contains($0.rawValue) }
        guard !chosen.isEmpty, Set(names) == Set(chosen.map(\.rawValue)) else {
            throw Refusal(.badRequest, "\(field) must be one or more of \(known)")
        }
        return chosen
    }
}

extension ScanKind: NamedChoice {}
extension ScanStatus: NamedChoice {}
extension Severity: NamedChoice {}
extension ReportFormat: NamedChoice {}
extension APIKey.Scope: NamedChoice {}
extension WebhookEvent: NamedChoice {}

extension ScanFilter {
    /// `?kind=…&status=…&severity=…&since=…&until=…`.
    init(_ request: Request) throws {
        self.init()
        let query = request.uri.queryParameters
        func choice<Value: NamedChoice>(_ name: Substring) throws -> Value? {
            try query[name].map { try Value(named: $0, in: name) }
        }
        func moment(_ name: Substring) throws -> Timestamp? {
            guard let text = query[name] else { return nil }
            guard let moment = Timestamp(text) else {
                throw Refusal(.badRequest, "\(name) must be a time as in 2026-01-31T12:00:00Z")
            }
            return moment
        }
        kind = try choice("kind")
        status = try choice("status")
        severity = try choice("severity")
        createdSince = try moment("since")
        createdBefore = try moment("until")
    }
}

extension Operation.Parameter {
    static let scanFilter = [
        Self(name: "kind", description: "Scans of this kind.", schema: Schemas.kind),
        Self(name: "status", description: "Scans with this status.", schema: Schemas.status),
        Self(
            name: "severity", description: "Scans with at least one finding of this severity.",
            schema: Schemas.severity),
        Self(name: "since", description: "Scans that were made then or later.", schema: Schemas.time),
        Self(name: "until", description: "Scans that were made before that.", schema: Schemas.time),
    ]
}
