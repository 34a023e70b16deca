import HTTPTypes
import Hummingbird
import Scanning

/// Scans and their findings; a scan is visible to its user and to nobody else.
enum ScanRoutes {
    static let endpoints = [
        Endpoint(.get, "/api/scans", .signedIn) { services, request, context in
            let query = try PageQuery(request, position: ScanPosition.init(token:))
            let page = try await services.store.scans(
                of: context.signedIn().id, matching: ScanFilter(), after: query.position, limit: query.limit)
            return try JSON.reply(PageView(items: page.items.map(ScanView.init), next: page.next?.token))
        },
        Endpoint(.get, "/api/scans/:id", .signedIn) { services, _, context in
            try JSON.reply(ScanView(try await scan(services, context)))
        },
        Endpoint(.get, "/api/scans/:id/findings", .signedIn) { services, request, context in
            let scan = try await scan(services, context)
            let query = try PageQuery(request, position: FindingPosition.init(token:))
            let page = try await services.store.findings(of: scan.id, after: query.position, limit: query.limit)
            return try JSON.reply(PageView(items: page.items, next: page.next?.token))
        },
    ]

    /// Another user's scan and none at all are answered alike.
    private static func scan(_ services: Services, _ context: APIContext) async throws -> Scan {
        let user = try context.signedIn()
        guard let text = context.parameters.get("id"), let id = ScanID(text),
            let scan = try await services.store.scan(id), scan.userID == user.id
        else { throw Refusal.noSuchScan }
        return scan
    }
}

/// `?limit=…&cursor=…` of a list.
private struct PageQuery<Position> {
    let limit: Int
    let position: Position?

    init(_ request: Request, position parse: (String) -> Position?) throws {
        let query = request.uri.queryParameters
        guard let limit = Int(query["limit"] ?? "50"), (1...200).contains(limit) else {
            throw Refusal(.badRequest, "limit must be a number from 1 to 200")
        }
        self.limit = limit
        position = try query["cursor"].map {
            guard let position = parse(String($0)) else { throw Refusal(.badRequest, "the cursor is not one of ours") }
            return position
        }
    }
}
