import Scanning

/// A table for spreadsheets (RFC 4180).
struct CSVReport: Report {
    mutating func begin() -> String {
        Self.row(["severity", "rule", "title", "path", "line", "column", "excerpt", "fingerprint"])
    }

    mutating func add(_ finding: Finding) -> String {
        Self.row([
            finding.severity.rawValue, finding.rule, finding.title, finding.path, "\(finding.line)",
            "\(finding.column)", finding.excerpt, finding.fingerprint,
        ])
    }

    mutating func end() -> String { "" }

    private static func row(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    /// A name of a file is a stranger's text, and a spreadsheet runs what begins like a formula: an apostrophe makes it text.
    static func cell(_ text: String) -> String {
        let start = text.unicodeScalars.first { !$0.properties.isWhitespace && $0.value >= 0x20 }
        let isFormula = start.map { "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains($0) } ?? false
        let hasControl = text.unicodeScalars.first.map { $0.value < 0x20 } ?? false
        return "\"" + (isFormula || hasControl ? "'" : "") + text.replacing("\"", with: "\"\"") + "\""
    }
}
