import Scanning

/// SARIF 2.1.0 (OASIS), as code hosts and editors read it.
///
/// The rules come after the results: which ones there are is known at the end, and they are few.
struct SARIFReport: Report {
    private let scan: Scan
    private var rules: [String: (index: Int, title: String, severity: Severity)] = [:]

    init(scan: Scan) { self.scan = scan }

    mutating func begin() -> String {
        """
        {"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",\
        "version":"2.1.0","runs":[{"results":[
        """
    }

    mutating func add(_ finding: Finding) throws -> String {
        let isFirst = rules.isEmpty
        let index = rules[finding.rule]?.index ?? rules.count
        if rules[finding.rule] == nil { rules[finding.rule] = (index, finding.title, finding.severity) }
        let result: JSONValue = [
            "ruleId": .text(finding.rule), "ruleIndex": .number(index), "level": .text(Self.level(finding.severity)),
            "message": ["text": .text("\(finding.title): \(finding.excerpt)")],
            "locations": [
                [
                    "physicalLocation": [
                        "artifactLocation": ["uri": .text(Self.uri(finding.path))],
                        // Our column counts bytes, which SARIF cannot say.
                        "region": ["startLine": .number(max(1, finding.line))],
                    ]
                ]
            ],
            "partialFingerprints": ["cspm/v1": .text(finding.fingerprint)],
        ]
        return (isFirst ? "\n" : ",\n") + (try ReportJSON.text(result, snakeCase: false))
    }

    mutating func end() throws -> String {
        let descriptors = rules.sorted { $0.value.index < $1.value.index }.map { id, rule -> JSONValue in
            [
                "id": .text(id), "shortDescription": ["text": .text(rule.title)],
                "defaultConfiguration": ["level": .text(Self.level(rule.severity))],
                "properties": ["security-severity": .text(Self.score(rule.severity))],
            ]
        }
        let driver: JSONValue = [
            "name": "cspm", "semanticVersion": .text(Settings.version), "rules": .list(descriptors),
        ]
        // A scan that is not complete must not read like a clean one.
        var invocation: [String: JSONValue] = ["executionSuccessful": .flag(scan.status == .completed)]
        if let reason = scan.reason {
            invocation["toolExecutionNotifications"] = [["level": "error", "message": ["text": .text(reason)]]]
        }
        return """

            ],"invocations":[\(try ReportJSON.text(JSONValue.object(invocation), snakeCase: false))],\
            "tool":{"driver":\(try ReportJSON.text(driver, snakeCase: false))}}]}

            """
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .critical, .high: "error"
        case .medium: "warning"
        case .low, .info: "note"
        }
    }

    /// What GitHub sorts by: above 9 is critical, 7 high, 4 medium, 0.1 low.
    private static func score(_ severity: Severity) -> String {
        switch severity {
        case .critical: "9.5"
        case .high: "8.0"
        case .medium: "5.5"
        case .low: "2.0"
        case .info: "0.0"
        }
    }

    /// A relative reference (RFC 3986): a name with a colon or blank is still one.
    static func uri(_ path: String) -> String {
        var uri = ""
        for byte in path.utf8 {
            let isPlain =
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
                || "/-._~".utf8.contains(byte)
            uri += isPlain ? String(UnicodeScalar(byte)) : "%" + hexadecimal([byte]).uppercased()
        }
        return uri
    }
}
