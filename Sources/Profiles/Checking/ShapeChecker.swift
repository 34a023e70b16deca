import CoreTypes

/// Holds a tree against the key table: types, required and unknown keys; fills in the defaults.
///
/// It goes on after a mistake. What it cannot read is noted in `broken`, so that nothing that only follows from the
/// mistake is reported as another one.
struct ShapeChecker {
    private(set) var problems: [ProfileProblem] = []
    private(set) var broken: Set<ProfilePath> = []

    /// A whole file with these keys.
    mutating func read(_ tree: Tree, keys: [Key] = ProfileSchema.root) -> Value? {
        read(tree, as: .object(keys), at: ProfilePath())
    }

    private mutating func read(_ tree: Tree, as shape: Shape, at path: ProfilePath) -> Value? {
        switch shape {
        case .list(let item, let count):
            return list(tree, of: item, count: count, at: path)
        case .dictionary(let rule, let entry, let value):
            return dictionary(tree, rule: rule, entry: entry, value: value, at: path)
        case .object(let keys):
            return object(tree, keys: keys, at: path)
        case .text, .boolean, .integer, .time, .size, .schedule, .choice, .port, .listen, .process, .secret:
            switch ScalarReader.read(tree, as: shape) {
            case .success(let content):
                return Value(content: content, origin: tree.origin)
            case .failure(let mismatch):
                fail(tree.origin, path, mismatch.sentence, suggestion: mismatch.suggestion)
                return nil
            }
        }
    }

    private mutating func list(_ tree: Tree, of item: Shape, count: ClosedRange<Int>, at path: ProfilePath) -> Value? {
        guard case .list(let items) = tree.content else {
            fail(tree.origin, path, "expected a list, not \(tree.kind)")
            return nil
        }
        guard count.contains(items.count) else {
            let bound = items.count < count.lowerBound ? "at least \(count.lowerBound)" : "at most \(count.upperBound)"
            fail(tree.origin, path, "expected \(bound) in this list, not \(items.count)")
            return nil
        }
        var values: [Value] = []
        for (index, tree) in items.enumerated() {
            // Positions in the list stay what they are in the file, so a broken item takes its place.
            values.append(read(tree, as: item, at: path + index) ?? standIn(for: item, origin: tree.origin))
        }
        return Value(content: .list(values), origin: tree.origin)
    }

    private mutating func dictionary(
        _ tree: Tree, rule: TextRule, entry: String, value: Shape, at path: ProfilePath
    ) -> Value? {
        guard case .map(let pairs) = tree.content else {
            fail(tree.origin, path, "expected a mapping, not \(tree.kind)")
            return nil
        }
        var values: [(key: String, value: Value)] = []
        for pair in pairs {
            let place = path + pair.key
            guard rule.accepts(pair.key) else {
                fail(pair.keyOrigin, place, "'\(pair.key)' cannot be a key here: expected \(rule.expected)")
                continue
            }
            let read = read(pair.value, as: value, at: place)
            values.append((pair.key, read ?? standIn(for: value, origin: pair.keyOrigin)))
        }
        return Value(content: .map(values), origin: tree.origin)
    }

    private mutating func object(_ tree: Tree, keys: [Key], at path: ProfilePath) -> Value? {
        guard case .map(let pairs) = tree.content else {
            fail(tree.origin, path, "expected a mapping, not \(tree.kind)")
            return nil
        }
        let names = keys.map(\.name)
        for pair in pairs where !names.contains(pair.key) {
            let suggestion = names.closest(to: pair.key)
            fail(pair.keyOrigin, path + pair.key, "this key is unknown", suggestion: suggestion)
            if let suggestion { broken.insert(path + suggestion) }
        }
        var values: [(key: String, value: Value)] = []
        for key in keys {
            let written = pairs.first { $0.key == key.name }
            let place = path + key.name
            if let written, let value = read(written.value, as: key.shape, at: place) {
                values.append((key.name, value))
                continue
            }
            switch key.presence {
            case .optional:
                break
            case .defaults(let text):
                values.append((key.name, byDefault(text, key.shape)))
            case .required:
                if written == nil, !broken.contains(place) {
                    fail(tree.origin, place, "this key is missing")
                }
                values.append((key.name, standIn(for: key.shape, origin: tree.origin)))
            }
        }
        return Value(content: .map(values), origin: tree.origin)
    }

    mutating func byDefault(_ text: String, _ shape: Shape) -> Value {
        var reader = YAMLReader(origin: .byDefault)
        guard let tree = reader.read(Array(text.utf8)), let value = read(tree, as: shape, at: ProfilePath()) else {
            preconditionFailure("the default '\(text)' has not the shape of its key")
        }
        return value
    }

    private mutating func fail(_ origin: Origin, _ path: ProfilePath, _ sentence: String, suggestion: String? = nil) {
        broken.insert(path)
        problems.append(ProfileProblem(at: origin, path: path, sentence, suggestion: suggestion))
    }
}
