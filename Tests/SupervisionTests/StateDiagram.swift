import Control

/// The states of an instance and the ways between them, as Mermaid draws them.
struct StateDiagram {
    let transitions: Set<SeenTransition>

    private static let begin = "<!-- generated: states -->"
    private static let end = "<!-- end of generated: states -->"

    /// One arrow for each pair of states, with all that leads along it.
    var text: String {
        var lines = ["```mermaid", "stateDiagram-v2"]
        let pairs = Dictionary(grouping: transitions) { [$0.from.rawValue, $0.to.rawValue] }
        for (pair, ways) in pairs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let causes = SeenTransition.Cause.allCases.filter { cause in ways.contains { $0.cause == cause } }
            let states = pair.map { $0.replacing("-", with: "_") }
            lines.append("    \(states[0]) --> \(states[1]): \(causes.map(\.rawValue).joined(separator: ", "))")
        }
        return (lines + ["```"]).joined(separator: "\n")
    }

    /// The document with this diagram between its two marks; `nil` when it lacks them.
    func inserted(into document: String) -> String? {
        let before = document.split(separator: Self.begin, maxSplits: 1)
        guard before.count == 2 else { return nil }
        let after = before[1].split(separator: Self.end, maxSplits: 1)
        guard after.count == 2 else { return nil }
        return "\(before[0])\(Self.begin)\n\(text)\n\(Self.end)\(after[1])"
    }
}
