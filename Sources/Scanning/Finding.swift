/// One thing a scanner found in a file. No field of it contains the secret.
package struct Finding: Sendable, Equatable, Codable {
    /// The same finding has the same fingerprint in every scan, wherever in the file it moves.
    package let fingerprint: String
    /// The rule's id.
    package let rule: String
    package let title: String
    package let severity: Severity
    /// Relative to the folder that was scanned.
    package let path: String
    /// From 1.
    package let line: Int
    /// In bytes, from 1: where the secret itself begins.
    package let column: Int
    /// What stood there, with the secret redacted.
    package let excerpt: String

    package init(
        fingerprint: String, rule: String, title: String, severity: Severity, path: String, line: Int, column: Int,
        excerpt: String
    ) {
        self.fingerprint = fingerprint
        self.rule = rule
        self.title = title
        self.severity = severity
        self.path = path
        self.line = line
        self.column = column
        self.excerpt = excerpt
    }
}
