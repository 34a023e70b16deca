import Yams

/// What can be said about a YAML text that is no YAML.
enum YAMLText {
    /// With this few, even the worst nesting of aliases stays small while the parser compares keys.
    static let aliasLimit = 16

    /// How many places of the text may be an alias: `*name` where a value can begin.
    static func possibleAliases(_ text: String) -> Int {
        var count = 0
        var before: UInt8 = UInt8(ascii: "\n")
        var isAfterStar = false
        for byte in text.utf8 {
            if isAfterStar, isNameByte(byte) { count += 1 }
            isAfterStar = byte == UInt8(ascii: "*") && (before <= 32 || "[{,:?-!".utf8.contains(before))
            before = byte
        }
        return count
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte > 32 && byte != UInt8(ascii: "*") && byte != UInt8(ascii: "/")
    }

    /// The position of the first byte that is not UTF-8.
    static func firstInvalid(_ bytes: [UInt8]) -> Position {
        var position = Position()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" {
                position = Position(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return position
    }

    /// The position and the sentence for an error of the parser.
    static func explain(_ error: any Error, in text: String) -> (position: Position?, sentence: String) {
        guard let error = error as? YamlError else { return (nil, "this is not YAML: \(error)") }
        switch error {
        case .reader(let problem, let offset, _, _):
            return (offset.map { position(at: $0, in: text) }, "this is not YAML text: \(problem)")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            if beginsWithTab(mark, in: text) { return (Position(mark), "a tab cannot indent YAML; use spaces") }
            let doing = context.map { " \($0.text) from line \($0.mark.line)" } ?? ""
            return (Position(mark), "this is not YAML: \(problem)\(doing)")
        case .composer(_, let problem, let mark, _):
            if problem.contains("another document") {
                return (Position(mark), "a second document begins here; a profile is a single one")
            }
            return (Position(mark), "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping, .dataCouldNotBeDecoded, .memory, .no, .writer, .emitter, .representer:
            return (nil, "this is not YAML: \(error)")
        }
    }

    private static func position(at offset: Int, in text: String) -> Position {
        let before = text.prefix(offset)
        let line = before.count { $0.isNewline } + 1
        let column = before.reversed().prefix { !$0.isNewline }.count + 1
        return Position(line: line, column: column)
    }

    private static func beginsWithTab(_ mark: Mark, in text: String) -> Bool {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return [mark.line - 1, mark.line - 2].contains { index in
            lines.indices.contains(index) && lines[index].prefix { $0 == " " || $0 == "\t" }.contains("\t")
        }
    }
}
