extension ProfileSchema {
    /// A JSON Schema (2020-12) of the profile, for editors.
    package static func json() -> String {
        let members: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Bedplate profile")),
        ]
        return JSON.object(members + schema(of: .object(root))).pretty + "\n"
    }

    private static func schema(of shape: Shape) -> [(String, JSON)] {
        switch shape {
        case .text(let rule):
            [("type", .list([.text("string"), .text("number"), .text("boolean")])), pattern(rule.pattern)]
        case .boolean: [("type", .text("boolean"))]
        case .integer(let range):
            [
                ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ]
        case .port: schema(of: .integer(1...65535))
        case .time: [("type", .text("string")), pattern("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")]
        case .size: [("type", .text("string")), pattern("^[0-9]+(B|KiB|MiB|GiB|TiB)$")]
        case .schedule: [("type", .text("string")), ("minLength", .number(1)), ("maxLength", .number(200))]
        case .choice(let words): [("enum", .list(words.map(JSON.text)))]
        case .listen: [("type", .text("string")), pattern("^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]{0,4}$")]
        case .process: [("type", .text("string")), pattern(TextRule.name.pattern)]
        case .secret: [("type", .text("string")), pattern(TextRule.secretName.pattern)]
        case .list(let item, let count):
            [
                ("type", .text("array")), ("items", .object(schema(of: item))),
                ("minItems", .number(count.lowerBound)), ("maxItems", .number(count.upperBound)),
            ]
        case .dictionary(let key, _, let value):
            [
                ("type", .text("object")), ("propertyNames", .object([pattern(key.pattern)])),
                ("additionalProperties", .object(schema(of: value))),
            ]
        case .object(let keys): schema(of: keys)
        }
    }

    private static func schema(of keys: [Key]) -> [(String, JSON)] {
        let properties = keys.map { key in
            (key.name, JSON.object(schema(of: key.shape) + [("description", .text(key.summary))] + fallback(key)))
        }
        let required = keys.filter { $0.presence == .required }.map { JSON.text($0.name) }
        return [
            ("type", .text("object")), ("properties", .object(properties)), ("required", .list(required)),
            ("additionalProperties", .boolean(false)),
        ]
    }

    /// Only defaults of one word: editors show them, nobody computes with them.
    private static func fallback(_ key: Key) -> [(String, JSON)] {
        guard case .defaults(let text) = key.presence else { return [] }
        switch key.shape {
        case .boolean: return [("default", .boolean(text == "true"))]
        case .integer: return Int(text).map { [("default", .number($0))] } ?? []
        case .time, .size, .choice, .listen: return [("default", .text(text))]
        case .text, .schedule, .port, .process, .secret, .list, .dictionary, .object: return []
        }
    }

    private static func pattern(_ pattern: String) -> (String, JSON) { ("pattern", .text(pattern)) }
}
