/// One mistake in a profile: where it is, what is wrong, and what was probably meant.
package struct ProfileProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let origin: Origin
    /// Empty when the mistake is in the file as a whole.
    package let path: ProfilePath
    package let sentence: String
    /// The word that was probably meant.
    package let suggestion: String?

    package init(at origin: Origin, path: ProfilePath, _ sentence: String, suggestion: String? = nil) {
        self.origin = origin
        self.path = path
        self.sentence = sentence
        self.suggestion = suggestion
    }

    /// The file, or the setting, that holds the mistake.
    package var file: String {
        if case .file(let name, _, _) = origin { name } else { origin.description }
    }

    package var line: Int? {
        if case .file(_, let line, _) = origin { line } else { nil }
    }

    package var column: Int? {
        if case .file(_, _, let column) = origin { column } else { nil }
    }

    package var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
        let key = path.parts.isEmpty ? "" : "\(path): "
        return "\(place): \(key)\(sentence)" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
    }
}
