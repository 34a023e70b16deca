import Glibc

/// Applies the rules to one file's content.
struct ContentScan: Sendable {
    let rules: RuleSet
    let index: KeywordIndex

    /// More in one file is noise for whoever reads it, and work for whoever stores it.
    static let mostFindings = 1000
    /// Heuristic rules look only at lines a person could have written.
    private static let longestLine = 2048
    private static let allowMarker = Array("bedplate:allow-secret".utf8)

    struct Hit {
        let rule: Int
        let match: Match
    }

    init(_ rules: RuleSet) {
        self.rules = rules
        index = KeywordIndex(rules.rules)
    }

    /// The findings in the order of lines, and whether there were more than are reported for one file.
    func findings(in bytes: Bytes, path: String) -> (findings: [Finding], isCutShort: Bool) {
        var fingerprint = Fingerprint()
        return findings(in: bytes, path: path, &fingerprint)
    }

    /// The same where a path may come more than once: its fingerprints go on counting.
    func findings(in bytes: Bytes, path: String, _ fingerprint: inout Fingerprint)
        -> (findings: [Finding], isCutShort: Bool)
    {
        var hits = hits(in: bytes, name: FileName(path.split(separator: "/").last ?? ""))
        let isCutShort = hits.count > Self.mostFindings
        if isCutShort { hits.removeSubrange(Self.mostFindings...) }
        var lines = LineCounter(bytes)
        let findings = hits.map { hit in
            let rule = rules.rules[hit.rule]
            let place = lines.place(of: hit.match.value.lowerBound)
            return Finding(
                fingerprint: fingerprint.of(
                    rule: rule.id, path: path, value: Bytes(rebasing: bytes[hit.match.value])),
                rule: rule.id, title: rule.title, severity: rule.severity, path: path, line: place.line,
                column: place.column, excerpt: excerpt(of: hit.match, in: bytes))
        }
        return (findings, isCutShort)
    }

    /// What is left when each place is given to the first rule that claims it, in the order of places.
    private func hits(in bytes: Bytes, name: FileName) -> [Hit] {
        var hits: [Hit] = []
        index.forEachHit(in: bytes) { keyword, number in
            // Twice the limit: overlapping ones go away below.
            guard hits.count <= 2 * Self.mostFindings else { return }
            let rule = rules.rules[number]
            if rule.isHeuristic, name.isLockFile { return }
            guard let match = rule.match(bytes, keyword: keyword, fileKind: name.kind),
                rule.entropy == 0 || RandomLook.entropy(bytes, match.body) >= rule.entropy,
                !rules.placeholders.contain(bytes, match.body), isReportable(match, rule, bytes)
            else { return }
            hits.append(Hit(rule: number, match: match))
        }
        hits.sort {
            $0.rule == $1.rule ? $0.match.value.lowerBound < $1.match.value.lowerBound : $0.rule < $1.rule
        }
        var kept: [Hit] = []
        for hit in hits where !kept.contains(where: { $0.match.value.overlaps(hit.match.value) }) { kept.append(hit) }
        return kept.sorted { $0.match.value.lowerBound < $1.match.value.lowerBound }
    }

    private func isReportable(_ match: Match, _ rule: Rule, _ bytes: Bytes) -> Bool {
        // Plain loops: the library's generic searches cost more here than all matching together.
        let newline = UInt8(ascii: "\n")
        var start = match.value.lowerBound
        let before = max(0, start - Self.longestLine)
        while start > before, bytes[start - 1] != newline { start -= 1 }
        var end = match.value.upperBound
        let after = min(bytes.count, end + Self.longestLine)
        while end < after, bytes[end] != newline { end += 1 }
        let isWhole = (start == 0 || bytes[start - 1] == newline) && (end == bytes.count || bytes[end] == newline)
        return (isWhole || !rule.isHeuristic) && !bytes.contains(Self.allowMarker, in: start..<end)
    }

    /// Shows the name or the public prefix and the length, and nothing around it: a neighbour may be secret too.
    private func excerpt(of match: Match, in bytes: Bytes) -> String {
        let shown = String(decoding: bytes[match.shown], as: UTF8.self)
        return "\(shown)\(match.isAssignment ? " = " : "")… (\(match.value.count) bytes)"
    }
}
