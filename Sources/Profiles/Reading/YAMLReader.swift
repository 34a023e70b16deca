import Yams

/// Turns one YAML text into a tree, with all that makes YAML surprising refused by name.
struct YAMLReader {
    private(set) var problems: [ProfileProblem] = []
    private let place: (Position?) -> Origin

    /// Reads the text of a file.
    init(file name: String) {
        place = { .file(name: name, line: $0?.line ?? 1, column: $0?.column ?? 1) }
    }

    /// Reads a text that is in no file: a setting's value, or a default.
    init(origin: Origin) {
        place = { _ in origin }
    }

    /// The tree, or `nil` when the text holds no document; check `problems` in either case.
    mutating func read(_ bytes: [UInt8]) -> Tree? {
        guard bytes.count <= ProfileSource.limit else {
            report(nil, "is larger than \(ProfileSource.limit / 1024) KiB, which no profile needs")
            return nil
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            report(YAMLText.firstInvalid(bytes), "this is not UTF-8 text")
            return nil
        }
        let text = decoded.unicodeScalars.first == "\u{FEFF}" ? String(decoded.unicodeScalars.dropFirst()) : decoded
        guard YAMLText.possibleAliases(text) <= YAMLText.aliasLimit else {
            report(nil, "uses aliases (*name), which a profile does not support; write the value out")
            return nil
        }
        return compose(text)
    }

    /// Composes, and on a duplicate key takes its first occurrence out and composes again, so that later mistakes
    /// are found in the same run.
    private mutating func compose(_ text: String) -> Tree? {
        var duplicates = DuplicateKeys(text: text)
        while true {
            do {
                // Left to itself, the parser asks the environment for the encoding, each time. The basic resolver
                // gives nothing a type, so that a key in quotes is the same key.
                let parser = try Parser(yaml: duplicates.text, resolver: .basic, encoding: .utf8)
                // Nodes hold their anchors weakly; the parser owns them.
                return try withExtendedLifetime(parser) {
                    try parser.singleRoot().flatMap { tree($0, path: ProfilePath(), duplicates: duplicates) }
                }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let key = keys.first, duplicates.takeOut(key, at: context.mark) else {
                    report(Position(context.mark), "the key '\(keys.first ?? "")' is given twice")
                    return nil
                }
            } catch {
                let (position, sentence) = YAMLText.explain(error, in: duplicates.text)
                report(position, sentence)
                return nil
            }
        }
    }

    private mutating func tree(_ node: Node, path: ProfilePath, duplicates: DuplicateKeys) -> Tree? {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            guard accepts(scalar.mark, path, anchor: scalar.anchor) else { return nil }
            guard scalar.tag == .implicit || (!isPlain && scalar.tag == Tag(.str)) else {
                report(scalar.mark, "a profile does not support types written with '!'; leave it out", at: path)
                return nil
            }
            return Tree(content: .scalar(scalar.string, isPlain: isPlain), origin: origin(scalar.mark))
        case .sequence(let sequence):
            guard accepts(sequence.mark, path, anchor: sequence.anchor) else { return nil }
            var items: [Tree] = []
            for (index, item) in sequence.enumerated() {
                if let item = tree(item, path: path + index, duplicates: duplicates) { items.append(item) }
            }
            return Tree(content: .list(items), origin: origin(sequence.mark))
        case .mapping(let mapping):
            guard accepts(mapping.mark, path, anchor: mapping.anchor) else { return nil }
            return Tree(
                content: .map(pairs(mapping, path: path, duplicates: duplicates)), origin: origin(mapping.mark))
        case .alias(let alias):
            report(alias.mark, "a profile does not support aliases; write the value out", at: path)
            return nil
        }
    }

    private mutating func pairs(
        _ mapping: Node.Mapping, path: ProfilePath, duplicates: DuplicateKeys
    ) -> [Tree.Pair] {
        var pairs: [Tree.Pair] = []
        var doubled: [(key: String, first: Mark?)] = []
        for (keyNode, valueNode) in mapping {
            guard case .scalar(let scalar) = keyNode, accepts(scalar.mark, path, anchor: scalar.anchor) else {
                if case .scalar = keyNode { continue }
                report(keyNode.mark, "a key must be a single word", at: path)
                continue
            }
            if let key = duplicates.original(of: scalar.string) {
                doubled.append((key, scalar.mark))
                continue
            }
            if let value = tree(valueNode, path: path + scalar.string, duplicates: duplicates) {
                pairs.append(Tree.Pair(key: scalar.string, keyOrigin: origin(scalar.mark), value: value))
            }
        }
        for (key, first) in doubled {
            let second = pairs.first { $0.key == key }?.keyOrigin ?? origin(first)
            let line = first.map { " (first on line \($0.line))" } ?? ""
            problems.append(ProfileProblem(at: second, path: path + key, "this key is given twice\(line)"))
        }
        return pairs
    }

    private mutating func accepts(_ mark: Mark?, _ path: ProfilePath, anchor: Anchor?) -> Bool {
        guard let anchor else { return true }
        report(mark, "a profile does not support the anchor '&\(anchor)'; write the value out", at: path)
        return false
    }

    private mutating func report(_ mark: Mark?, _ sentence: String, at path: ProfilePath) {
        problems.append(ProfileProblem(at: origin(mark), path: path, sentence))
    }

    /// Reports what is wrong with the text as a whole.
    private mutating func report(_ position: Position?, _ sentence: String) {
        problems.append(ProfileProblem(at: place(position), path: ProfilePath(), sentence))
    }

    private func origin(_ mark: Mark?) -> Origin { place(Position(mark)) }
}
