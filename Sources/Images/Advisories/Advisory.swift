import Scanning

/// What we read of an advisory (ossf.github.io/osv-schema, version 1.6).
struct Advisory: Decodable {
    struct Package: Decodable {
        let ecosystem: String
        let name: String
    }

    struct Event: Decodable {
        let introduced: String?
        let fixed: String?
        let lastAffected: String?

        enum CodingKeys: String, CodingKey {
            case introduced, fixed
            case lastAffected = "last_affected"
        }
    }

    struct Range: Decodable {
        let type: String
        let events: [Event]
    }

    struct Score: Decodable {
        let type: String
        let score: String
    }

    struct Words: Decodable {
        let severity: Word?
        let urgency: Word?
    }

    /// A text where it is one; databases put other things there, too.
    struct Word: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }

    struct Affected: Decodable {
        let package: Package?
        let ranges: [Range]?
        let versions: [String]?
        let severity: [Score]?
        let ofEcosystem: Words?
        let ofDatabase: Words?

        enum CodingKeys: String, CodingKey {
            case package, ranges, versions, severity
            case ofEcosystem = "ecosystem_specific"
            case ofDatabase = "database_specific"
        }
    }

    let id: String
    let aliases: [String]?
    /// Of distributions, the vulnerability that theirs is about.
    let upstream: [String]?
    let withdrawn: String?
    let summary: String?
    let severity: [Score]?
    let affected: [Affected]?
    let ofDatabase: Words?

    enum CodingKeys: String, CodingKey {
        case id, aliases, upstream, withdrawn, summary, severity, affected
        case ofDatabase = "database_specific"
    }

    /// The highest known score, or the database's own word for it.
    func severity(for affected: Affected) -> (severity: Severity, score: Double?) {
        let scores = (affected.severity ?? []) + (severity ?? [])
        if let score = scores.compactMap({ CVSS.score($0.score) }).max() { return (CVSS.severity(score), score) }
        let words =
            [
                affected.ofDatabase?.severity, affected.ofEcosystem?.severity,
                ofDatabase?.severity,
                affected.ofEcosystem?.urgency,
            ].compactMap { $0?.text } + scores.map(\.score)
        for word in words {
            switch word.lowercased() {
            case "critical": return (.critical, nil)
            case "high", "important": return (.high, nil)
            case "moderate", "medium": return (.medium, nil)
            case "low", "negligible", "unimportant": return (.low, nil)
            default: continue
            }
        }
        return (.medium, nil)
    }
}

extension Advisory.Affected {
    /// What is known of a version.
    enum Verdict: Equatable {
        case unaffected
        /// With the version that has the fix, where there is one.
        case affected(fixed: String?)
        /// One of the versions is none that this order knows.
        case unclear
    }

    /// The schema's own algorithm: named in `versions`, or within a range's events.
    func verdict(on version: String, _ order: VersionOrder) -> Verdict {
        var isUnclear = false
        for range in ranges ?? [] where range.type == "ECOSYSTEM" || range.type == "SEMVER" {
            switch Self.verdict(on: version, range.events, order) {
            case .affected(let fixed): return .affected(fixed: fixed)
            case .unclear: isUnclear = true
            case .unaffected: break
            }
        }
        if versions?.contains(version) == true { return .affected(fixed: nil) }
        return isUnclear ? .unclear : .unaffected
    }

    private static func verdict(on version: String, _ events: [Advisory.Event], _ order: VersionOrder) -> Verdict {
        // Each event with where the version stands to it. `0` comes before everything.
        var placed: [(text: String, rank: Int, event: Advisory.Event)] = []
        for event in events {
            guard let text = event.introduced ?? event.fixed ?? event.lastAffected else { continue }
            guard text == "0" || order.compare(text, text) == 0 else { return .unclear }
            placed.append((text, event.introduced != nil ? 0 : event.fixed != nil ? 1 : 2, event))
        }
        guard order.compare(version, version) == 0 else { return .unclear }
        func compare(_ a: String, _ b: String) -> Int {
            if a == "0" || b == "0" { return a == b ? 0 : a == "0" ? -1 : 1 }
            return order.compare(a, b) ?? 0
        }
        placed.sort { (a, b) in
            let byVersion = compare(a.text, b.text)
            return byVersion == 0 ? a.rank < b.rank : byVersion < 0
        }
        var isIn = false
        var fixed: String?
        for (text, _, event) in placed {
            let place = compare(version, text)
            if event.introduced != nil, place >= 0 { isIn = true }
            if event.fixed != nil {
                if place >= 0 { isIn = false } else if isIn, fixed == nil { fixed = text }
            }
            if event.lastAffected != nil, place > 0 { isIn = false }
        }
        return isIn ? .affected(fixed: fixed) : .unaffected
    }
}
