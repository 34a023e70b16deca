import HTTPTypes
import Hummingbird
import Logging
import Scanning

/// Scans and their findings; a scan is visible to its user and to nobody else.
enum ScanRoutes {
    static let endpoints = [
        Endpoint(
            .get, "/api/scans", .scope(.read),
            Operation(
                "Scans, newest first.", parameters: Operation.Parameter.page + Operation.Parameter.scanFilter,
                .page(of: "Scan"), refusals: [404])
        ) { services, request, context in
            let query = try PageQuery(request, position: ScanPosition.init(token:))
            let page = try await services.store.scans(
                of: context.signedIn().id, matching: try ScanFilter(request), after: query.position,
                limit: query.limit)
            return try JSON.reply(PageView(items: page.items.map(ScanView.init), next: page.next?.token))
        },
        Endpoint(.get, "/api/scans/:id", .scope(.read), Operation("A scan.", .json("Scan"))) { services, _, context in
            try JSON.reply(ScanView(try await scan(services, context)))
        },
        Endpoint(
            .delete, "/api/scans/:id", .scope(.write),
            Operation("Removes a scan with its findings; one that has not ended is cancelled.", status: 204, .nothing)
        ) { services, _, context in
            // Whoever works on it sees that it is gone, stops, and removes its files.
            try await services.store.remove(try await scan(services, context).id)
            return Response(status: .noContent)
        },
        Endpoint(
            .post, "/api/scans/:id/cancel", .scope(.write),
            Operation("Ends a scan; a scanner that is at it stops within seconds.", .json("Scan"), refusals: [409])
        ) { services, _, context in try await cancel(services, context) },
        Endpoint(
            .get, "/api/scans/:id/findings", .scope(.read),
            Operation("Findings, worst first.", parameters: Operation.Parameter.page, .page(of: "Finding"))
        ) { services, request, context in
            let scan = try await scan(services, context)
            let query = try PageQuery(request, position: FindingPosition.init(token:))
            let page = try await services.store.findings(of: scan.id, after: query.position, limit: query.limit)
            return try JSON.reply(PageView(items: page.items, next: page.next?.token))
        },
        Endpoint(
            .get, "/api/scans/:id/report", .scope(.read),
            Operation(
                "All findings of a scan that has ended, as a file.",
                parameters: [
                    Operation.Parameter(
                        name: "format", description: "`sarif` is SARIF 2.1.0.",
                        schema: [
                            "enum": .list(ReportFormat.allCases.map { .text($0.rawValue) }), "default": "json",
                        ])
                ], .text(ReportFormat.allCases.map(\.contentType)), refusals: [409])
        ) { services, request, context in
            let format = try ReportFormat(named: request.uri.queryParameters["format"] ?? "json", in: "format")
            let scan = try await scan(services, context)
            guard !scan.status.isOpen else { throw Refusal.scanIsOpen }
            return try await ReportReply.make(format, of: scan, services, path: request.uri.path)
        },
    ]

    private static func cancel(_ services: Services, _ context: APIContext) async throws -> Response {
        let id = try await scan(services, context).id
        guard try await services.store.finish(id, as: .cancelled(reason: "its user cancelled it")),
            let scan = try await services.store.scan(id)
        else { throw Refusal.scanHasEnded }
        // The scan is cancelled, whatever becomes of telling about it.
        do { try await services.queue.add(Job(scan: id), to: .webhook) } catch let error as QueueError {
            context.logger.warning("No webhook hears of a cancelled scan.", metadata: ["error": "\(error)"])
        }
        return try JSON.reply(ScanView(scan))
    }

    /// Another user's scan and none at all are answered alike.
    private static func scan(_ services: Services, _ context: APIContext) async throws -> Scan {
        let user = try context.signedIn()
        guard let id = ScanID(context.id),
            let scan = try await services.store.scan(id), scan.userID == user.id
        else { throw Refusal.noSuchScan }
        return scan
    }
}
