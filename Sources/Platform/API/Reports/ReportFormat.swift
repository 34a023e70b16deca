/// How a report is written.
enum ReportFormat: String, CaseIterable, Sendable {
    case json, csv, html, sarif

    var contentType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv"
        case .html: "text/html"
        case .sarif: "application/sarif+json"
        }
    }

    func report(of scan: Scan) -> any Report {
        switch self {
        case .json: JSONReport(scan: scan)
        case .csv: CSVReport()
        case .html: HTMLReport(scan: scan)
        case .sarif: SARIFReport(scan: scan)
        }
    }
}
