extension ProfileSchema {
    /// One key as `docs/profile.md` lists it.
    package struct Row: Sendable, Equatable {
        /// With names in angle brackets where the profile makes them up: `processes.<process>.port`.
        package let path: String
        /// The line of the table.
        package let line: String
    }

    /// A row for every key, in the order of the table; keys of a family share the rows below them.
    package static var rows: [Row] { rows(of: root) }

    /// The same of another file that is read by a key table.
    static func rows(of keys: [Key]) -> [Row] {
        var seen: Set<String> = []
        return rows(of: .object(keys), under: "").filter { seen.insert($0.path).inserted }
    }

    private static func rows(of shape: Shape, under path: String) -> [Row] {
        switch shape {
        case .object(let keys):
            return keys.flatMap { key in
                let place = path.isEmpty ? key.name : "\(path).\(key.name)"
                let below = key.family.map { "\(path).\($0)" } ?? place
                return [row(key, at: place)] + rows(of: key.shape, under: below)
            }
        case .dictionary(_, let entry, let value):
            return rows(of: value, under: "\(path).\(entry)")
        case .list(let item, _):
            return rows(of: item, under: "\(path)[]")
        case .text, .boolean, .integer, .time, .size, .schedule, .choice, .port, .listen, .process, .secret:
            return []
        }
    }

    private static func row(_ key: Key, at path: String) -> Row {
        let fallback =
            switch key.presence {
            case .required: "required"
            case .optional: "absent"
            case .defaults(let text): "`\(text)`"
            }
        let cells = ["`\(path)`", key.shape.title, fallback, key.effect?.rawValue ?? "", key.summary]
        return Row(path: path, line: "| " + cells.joined(separator: " | ") + " |")
    }
}
