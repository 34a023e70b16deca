/// Turns one YAML text into a tree, with all that makes YAML surprising refused by name.
struct YAMLReader {
    private(set) var problems: [ProfileProblem] = []
    private let place: (Position?) -> Origin

    /// Nobody nests deeper by hand, and every level costs stack.
    private static let deepest = 64
    /// More than this many, and the rest is not worth reading.
    private static let mostProblems = 50

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
            report(Position(ofFirstInvalidIn: bytes), "this is not UTF-8 text")
            return nil
        }
        let text = decoded.unicodeScalars.first == "\u{FEFF}" ? String(decoded.unicodeScalars.dropFirst()) : decoded
        do throws(YAMLFailure) { return try document(YAMLEvents(text)) } catch {
            let failure = error.explained(in: text)
            report(failure.position, failure.sentence)
            return nil
        }
    }

    private mutating func document(_ events: YAMLEvents) throws(YAMLFailure) -> Tree? {
        guard case .documentStart = try events.next().event else { return nil }
        let tree = try value(events.next(), of: events, ProfilePath())
        let (event, position) = try events.next()
        if case .documentStart = event {
            throw YAMLFailure(position, "a second document begins here; a profile is a single one")
        }
        return tree
    }

    /// The value that begins with this event; `nil` when it is refused.
    private mutating func value(
        _ start: (event: YAMLEvents.Event, position: Position), of events: YAMLEvents, _ path: ProfilePath
    ) throws(YAMLFailure) -> Tree? {
        guard path.parts.count <= Self.deepest else {
            throw YAMLFailure(start.position, "this is not YAML for a profile: it nests deeper than \(Self.deepest)")
        }
        let content: Tree.Content
        let isAccepted: Bool
        switch start.event {
        case .scalar(let text, let isPlain, let properties):
            isAccepted = try accepts(properties, start.position, path)
            content = .scalar(text, isPlain: isPlain)
        case .sequenceStart(let properties):
            isAccepted = try accepts(properties, start.position, path)
            content = .list(try items(of: events, path))
        case .mappingStart(let properties):
            isAccepted = try accepts(properties, start.position, path)
            content = .map(try pairs(of: events, path))
        case .alias:
            try report(start.position, "a profile does not support aliases; write the value out", at: path)
            return nil
        case .documentStart, .streamEnd, .sequenceEnd, .mappingEnd:
            throw YAMLFailure(start.position, "this is not YAML: a value is missing")
        }
        return isAccepted ? Tree(content: content, origin: place(start.position)) : nil
    }

    private mutating func items(of events: YAMLEvents, _ path: ProfilePath) throws(YAMLFailure) -> [Tree] {
        var items: [Tree] = []
        for index in 0... {
            let next = try events.next()
            if case .sequenceEnd = next.event { break }
            if let item = try value(next, of: events, path + index) { items.append(item) }
        }
        return items
    }

    private mutating func pairs(of events: YAMLEvents, _ path: ProfilePath) throws(YAMLFailure) -> [Tree.Pair] {
        var pairs: [Tree.Pair] = []
        var lines: [String: Int] = [:]
        while true {
            let next = try events.next()
            if case .mappingEnd = next.event { return pairs }
            guard case .scalar(let key, _, let properties) = next.event else {
                try report(next.position, "a key must be a single word", at: path)
                var unread = YAMLReader(origin: place(next.position))
                _ = try unread.value(next, of: events, path + "?")
                _ = try unread.value(events.next(), of: events, path + "?")
                continue
            }
            let isAccepted = try accepts(properties, next.position, path)
            let value = try value(events.next(), of: events, path + key)
            if let first = lines.updateValue(next.position.line, forKey: key) {
                lines[key] = first
                let line = " (first on line \(first))"
                try report(next.position, "this key is given twice\(line)", at: path + key)
            } else if isAccepted, let value {
                pairs.append(Tree.Pair(key: key, keyOrigin: place(next.position), value: value))
            }
        }
    }

    private mutating func accepts(
        _ properties: YAMLProperties, _ position: Position, _ path: ProfilePath
    ) throws(YAMLFailure) -> Bool {
        if let anchor = properties.anchor {
            try report(
                position, "a profile does not support the anchor '&\(anchor)'; write the value out", at: path)
            return false
        }
        guard properties.hasTag else { return true }
        try report(position, "a profile does not support types written with '!'; leave it out", at: path)
        return false
    }

    private mutating func report(
        _ position: Position, _ sentence: String, at path: ProfilePath
    ) throws(YAMLFailure) {
        problems.append(ProfileProblem(at: place(position), path: path, sentence))
        guard problems.count < Self.mostProblems else {
            throw YAMLFailure(position, "this is where reading ended, after so many problems")
        }
    }

    /// Reports what is wrong with the text as a whole.
    private mutating func report(_ position: Position?, _ sentence: String) {
        problems.append(ProfileProblem(at: place(position), path: ProfilePath(), sentence))
    }
}
