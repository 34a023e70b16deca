/// A rule made ready to match.
struct Rule: Sendable {
    enum Matcher: Sendable {
        case pattern(PatternMatcher)
        case assignment(AssignmentMatcher)
        case keyBlock(KeyBlockMatcher)
    }

    let id: String
    let title: String
    let severity: Severity
    let keywords: [[UInt8]]
    let ignoresCase: Bool
    let entropy: Double
    let matcher: Matcher
    /// A rule that goes by names and randomness instead of a shape; it stays away from machine-written text.
    let isHeuristic: Bool

    init(_ rule: RuleDescription, ignoredSuffixes: [String]) throws(RuleSetError) {
        id = rule.id
        title = rule.title
        severity = rule.severity
        ignoresCase = rule.ignoresCase ?? (rule.match.assignment != nil)
        let folds = ignoresCase
        keywords = rule.keywords.map { Array((folds ? $0.lowercased() : $0).utf8) }
        entropy = rule.entropy ?? 0
        isHeuristic = rule.match.assignment?.random ?? false
        do {
            switch (rule.match.pattern, rule.match.assignment, rule.match.keyBlock) {
            case (let pattern?, nil, nil): matcher = .pattern(try PatternMatcher(pattern))
            case (nil, let assignment?, nil):
                matcher = .assignment(try AssignmentMatcher(assignment, ignoredSuffixes: ignoredSuffixes))
            case (nil, nil, let block?): matcher = .keyBlock(KeyBlockMatcher(block))
            default: throw RuleSetError.badRule(id: rule.id, because: "it needs exactly one matcher")
            }
        } catch {
            throw .badRule(id: rule.id, because: "\(error)")
        }
        guard !keywords.isEmpty, keywords.allSatisfy({ $0.count >= KeywordIndex.window }) else {
            throw .badRule(id: rule.id, because: "it needs keywords of at least \(KeywordIndex.window) bytes")
        }
    }

    func match(_ bytes: Bytes, keyword: Range<Int>, fileKind: String) -> Match? {
        switch matcher {
        case .pattern(let matcher): matcher.match(bytes, keyword: keyword)
        case .assignment(let matcher): matcher.match(bytes, keyword: keyword, fileKind: fileKind)
        case .keyBlock(let matcher): matcher.match(bytes, keyword: keyword)
        }
    }
}
