/// What is wrong with a rules file.
package enum RuleSetError: Error, Equatable, Sendable, CustomStringConvertible {
    case notRules(String)
    case badPiece(String)
    case badRule(id: String, because: String)

    package var description: String {
        switch self {
        case .notRules(let reason): "the rules cannot be read: \(reason)"
        case .badPiece(let reason): "a piece of a rule is wrong: \(reason)"
        case .badRule(let id, let reason): "the rule '\(id)' is wrong: \(reason)"
        }
    }
}
