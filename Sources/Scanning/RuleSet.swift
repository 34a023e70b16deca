import FoundationEssentials

/// The rules a scanner applies; where two of them see the same bytes, the earlier one counts.
package struct RuleSet: Sendable {
    let rules: [Rule]
    let placeholders: Placeholders
    let examples: [Example]

    /// A text that a rule must or must not report.
    struct Example: Sendable {
        let rule: String
        let file: String
        let text: String
        let isMatch: Bool
    }

    init(json: [UInt8]) throws(RuleSetError) {
        let file: RuleDescription.File
        do {
            file = try JSONDecoder().decode(RuleDescription.File.self, from: Data(json))
        } catch {
            throw .notRules("\(error)")
        }
        placeholders = Placeholders(file.placeholders)
        var rules: [Rule] = []
        for rule in file.rules { rules.append(try Rule(rule, ignoredSuffixes: file.ignoredSuffixes)) }
        self.rules = rules
        examples = file.rules.flatMap { rule in
            func examples(_ list: [RuleDescription.Examples.Example], isMatch: Bool) -> [Example] {
                list.map {
                    Example(rule: rule.id, file: $0.file ?? "a.txt", text: $0.text.joined(), isMatch: isMatch)
                }
            }
            return examples(rule.examples.match, isMatch: true) + examples(rule.examples.ignore, isMatch: false)
        }
    }

    /// The rules that are part of the program.
    package static func bundled() throws -> RuleSet {
        try RuleSet(json: PackageResources.secrets_json)
    }
}
