import FoundationEssentials
import Scanning

/// Writes a report piece by piece; nothing of it is kept but what its end needs.
protocol Report: Sendable {
    mutating func begin() throws -> String
    mutating func add(_ finding: Finding) throws -> String
    mutating func end() throws -> String
}

/// What the reports in JSON share.
enum ReportJSON {
    static func text(_ value: some Encodable, snakeCase: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        if snakeCase { encoder.keyEncodingStrategy = .convertToSnakeCase }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// The scan and its findings as the API shows them.
struct JSONReport: Report {
    let scan: Scan
    private var isFirst = true

    init(scan: Scan) { self.scan = scan }

    mutating func begin() throws -> String { "{\"scan\":\(try ReportJSON.text(ScanView(scan))),\"findings\":[" }

    mutating func add(_ finding: Finding) throws -> String {
        defer { isFirst = false }
        return (isFirst ? "\n" : ",\n") + (try ReportJSON.text(finding))
    }

    mutating func end() -> String { "\n]}\n" }
}
