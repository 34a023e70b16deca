import HTTPTypes
import Hummingbird
import NIOCore

/// Streams a report: in memory is one page of findings, however many there are.
enum ReportReply {
    private static let page = 500

    static func make(_ format: ReportFormat, of scan: Scan, _ services: Services, path: String) async throws
        -> Response
    {
        let deadline = ContinuousClock.now + services.limits.limit(for: path)
        // The first page before the head: a store that does not answer is still a refusal.
        let first = try await services.store.findings(of: scan.id, after: nil, limit: page)
        var headers: HTTPFields = [
            .contentType: format.contentType + (format == .json || format == .sarif ? "" : "; charset=utf-8"),
            .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            .contentDisposition: "attachment; filename=\"scan-\(scan.id).\(format.rawValue)\"",
        ]
        if format == .html {
            headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        }
        let body = ResponseBody { writer in
            var report = format.report(of: scan)
            var text = try report.begin()
            var current = first
            while true {
                for finding in current.items { text += try report.add(finding) }
                guard let next = current.next else { break }
                try await writer.write(ByteBuffer(string: text))
                text = ""
                // What is cut off here ends the connection: half a report must not look like a whole one.
                current = try await services.deadlines.within(deadline - .now) {
                    try await services.store.findings(of: scan.id, after: next, limit: page)
                }
            }
            text += try report.end()
            try await writer.write(ByteBuffer(string: text))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}
