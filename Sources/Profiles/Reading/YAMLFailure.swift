import CYAML

/// Why a text is no YAML, or none that we read: the place and the sentence.
struct YAMLFailure: Error {
    let position: Position?
    let sentence: String

    init(_ position: Position?, _ sentence: String) {
        self.position = position
        self.sentence = sentence
    }

    /// libyaml's own words, with its context: "while parsing a flow mapping".
    init(_ parser: yaml_parser_t) {
        let problem = parser.problem.map { String(cString: $0) } ?? "no memory is left"
        guard parser.error != YAML_READER_ERROR else {
            self.init(nil, "this is not YAML text: \(problem)")
            return
        }
        let context = parser.context.map { context in
            " \(String(cString: context)) from line \(Position(parser.context_mark).line)"
        }
        self.init(Position(parser.problem_mark), "this is not YAML: \(problem)\(context ?? "")")
    }

    /// The same in better words where a tab is the cause: the parser only sees that no token can begin with it.
    func explained(in text: String) -> YAMLFailure {
        guard let position else { return self }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let isTab = [position.line - 1, position.line - 2].contains { index in
            lines.indices.contains(index) && lines[index].prefix { $0 == " " || $0 == "\t" }.contains("\t")
        }
        return isTab ? YAMLFailure(position, "a tab cannot indent YAML; use spaces") : self
    }
}

extension Position {
    init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }

    /// The place of the first byte that is not UTF-8.
    init(ofFirstInvalidIn bytes: [UInt8]) {
        self.init()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" {
                self = Position(line: line + 1, column: 1)
            } else {
                column += 1
            }
        }
    }
}
