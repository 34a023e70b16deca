import Scanning

/// A page to print or to send; it loads nothing and runs nothing.
struct HTMLReport: Report {
    let scan: Scan

    mutating func begin() -> String {
        let name = Self.escaped(scan.fileName ?? scan.id.description)
        let counts = Severity.allCases.reversed().map { "\(scan.counts[$0]) \($0.rawValue)" }.joined(separator: ", ")
        let reason = scan.reason.map { ": " + Self.escaped($0) } ?? ""
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Findings in \(name)</title>
            <style>
            body { font: 14px/1.4 system-ui, sans-serif; margin: 2em } table { border-collapse: collapse; width: 100% }
            th, td { border-bottom: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top }
            code { word-break: break-all }
            </style></head><body>
            <h1>Findings in \(name)</h1>
            <p>Scan \(scan.id) of \(scan.createdAt), \(scan.status.rawValue)\(reason). \(scan.counts.total) findings: \(counts).</p>
            <table><thead><tr><th>Severity</th><th>Finding</th><th>Place</th><th>Excerpt</th></tr></thead><tbody>

            """
    }

    mutating func add(_ finding: Finding) -> String {
        let place = "\(Self.escaped(finding.path)):\(finding.line)"
        return "<tr><td>\(finding.severity.rawValue)</td><td>\(Self.escaped(finding.title))</td>"
            + "<td><code>\(place)</code></td><td><code>\(Self.escaped(finding.excerpt))</code></td></tr>\n"
    }

    mutating func end() -> String { "</tbody></table></body></html>\n" }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            // What no HTML may contain, even as a reference.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
