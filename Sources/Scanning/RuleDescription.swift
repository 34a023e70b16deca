/// A rule as it stands in the rules file; `docs/scanning.md` says what each key means.
struct RuleDescription: Decodable {
    struct File: Decodable {
        let placeholders: Placeholders
        let ignoredSuffixes: [String]
        let rules: [RuleDescription]
    }

    struct Placeholders: Decodable {
        let anywhere: [String]
        let whole: [String]
        let prefixes: [String]
    }

    struct Piece: Decodable {
        let text: String?
        let of: String?
        let count: Int?
        let least: Int?
        let most: Int?
        let secret: Bool?
    }

    struct Pattern: Decodable {
        let before: [Piece]?
        let after: [Piece]
    }

    struct Assignment: Decodable {
        let value: [Piece]
        let unquotedIn: [String]?
        let random: Bool?
    }

    struct KeyBlock: Decodable {
        let label: String
    }

    /// Exactly one of them.
    struct Match: Decodable {
        let pattern: Pattern?
        let assignment: Assignment?
        let keyBlock: KeyBlock?
    }

    /// Each a list of parts, joined before use: what is never written whole cannot be taken for a live secret.
    struct Examples: Decodable {
        struct Example: Decodable {
            let file: String?
            let text: [String]
        }

        let match: [Example]
        let ignore: [Example]
    }

    let id: String
    let title: String
    let severity: Severity
    let keywords: [String]
    let ignoresCase: Bool?
    let entropy: Double?
    let match: Match
    let examples: Examples
}
